from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from typing import Generic, TypeVar

import icalendar
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mailer.compose.calendar.icalendar import build_calendar
from mailer.compose.composed import VariantKey
from mailer.compose.mail.checks import remote_resources
from mailer.compose.mail.composer import Composer
from mailer.compose.pdf.printed import print_pdf
from mailer.compose.publication import Publication
from mailer.compose.slots import Slot
from mailer.compose.theme import Theme
from mailer.compose.webpage import compose_webpage
from mailer.issue.model import (
    Block,
    CalendarDate,
    Contact,
    DateKind,
    Emphasis,
    Heading,
    Image,
    ImportantDate,
    Issue,
    Item,
    ItemDate,
    LineBreak,
    Link,
    LinkEntry,
    LinkGroup,
    List,
    Paragraph,
    Precision,
    Quote,
    Section,
    Severity,
    Strong,
    Text,
)
from mailer.languages import LANGS
from mailer.rendering.templates import Templates

T = TypeVar("T")

pytestmark = pytest.mark.usefixtures("socket_disabled")

PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</mj-text></mj-column></mj-section><mj-raw><script>alert(1)</script></mj-raw>",
    "</mjml>",
    "<mj-include path='/etc/passwd' />",
    "<!--[if mso]><script>alert(1)</script><![endif]-->",
    "--><script>alert(1)</script><!--",
    "<![CDATA[<script>alert(1)</script>]]>",
    "{{ 7 * 7 }}{% include '/etc/passwd' %}{# x #}",
    "&lt;script&gt; &amp;amp; &#60;script&#62;",
    "</style><style>@import 'https://evil.example/x.css';</style>",
    "javascript:alert(1)",
    "\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe",
    "a\N{COMBINING RING ABOVE}\N{NO-BREAK SPACE}\\u{a0}\\",
    "🎉👩🏽‍⚕️ čđŋšŧž",
    "Kommunehelsesamarbeid" * 9,
    "\x00\x0b\x1b[31m\x85",
]
URLS = [
    "https://a.example/?a=1&b=2",
    "mailto:kari@oslo.example",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    '"><script>alert(1)</script>',
    "https://a.example/\"onmouseover='alert(1)'",
    "vbscript:x",
    "",
]


class Elements(HTMLParser):
    """The elements and attributes of a mail, and where its links lead."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: set[str] = set()
        self.words = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links |= {value or "" for name, value in attrs if name == "href"}

    def handle_data(self, data: str) -> None:
        self.words += data


OURS = {
    *("html", "head", "title", "meta", "style", "body"),
    *("div", "table", "tbody", "tr", "th", "td", "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li"),
    *("a", "span", "strong", "em", "br", "wbr"),
}

ON_THE_PAGE = {
    *("header", "nav", "main", "section", "article", "footer"),
    *("i", "blockquote", "figure", "figcaption", "img"),
}

TEXT = st.sampled_from(PAYLOADS) | st.text(max_size=30)
WORD = st.builds(Text, TEXT) | st.just(LineBreak())
LANG = st.sampled_from(LANGS)
INLINES = st.lists(
    WORD
    | st.builds(Link, st.tuples(WORD), st.sampled_from(URLS), LANG | st.none())
    | st.builds(Strong, st.tuples(WORD))
    | st.builds(Emphasis, st.tuples(WORD)),
    max_size=3,
).map(tuple)
LEAF: st.SearchStrategy[Block] = (
    st.builds(Paragraph, INLINES)
    | st.builds(Heading, st.integers(4, 6), INLINES)
    | st.builds(Image, st.just("images/x.png"), TEXT, TEXT)
)


def _nested(blocks: st.SearchStrategy[Block]) -> st.SearchStrategy[Block]:
    run = st.lists(blocks, max_size=2).map(tuple)
    points = st.lists(run, max_size=2).map(tuple)
    return st.builds(List, points, st.booleans()) | st.builds(Quote, run)


BODY = st.lists(st.recursive(LEAF, _nested, max_leaves=4), max_size=3).map(tuple)
DAY = st.dates(date(2020, 1, 1), date(2030, 1, 1))
WHEN = st.builds(
    lambda start, days, precision, *, approximate: CalendarDate(
        start=start, end=start + timedelta(days=days) if days else None, precision=precision, approximate=approximate
    ),
    DAY,
    st.integers(0, 400),
    st.sampled_from(Precision),
    approximate=st.booleans(),
)
KIND = st.sampled_from(DateKind)
PLACES = st.lists(st.sampled_from(["oslo", "finnmark", "unknown"]), max_size=2).map(tuple)
CONTACT = st.builds(Contact, email=st.sampled_from(["kari@oslo.example", '"><script>@x.example']), name=TEXT)
ITEM = st.builds(
    Item,
    slug=st.just("sak"),
    number=st.integers(1, 60),
    lang=LANG,
    body=BODY,
    title=TEXT | st.just(""),
    contacts=st.lists(CONTACT, max_size=2).map(tuple),
    helsefellesskap=PLACES,
    dates=st.lists(st.builds(ItemDate, when=WHEN, kind=KIND, title=TEXT, place=TEXT), max_size=2).map(tuple),
    image=st.none() | st.builds(Image, st.just("images/x.png"), TEXT),
)
ITEMS = st.lists(ITEM, max_size=3).map(tuple)
GROUP = st.builds(
    LinkGroup,
    title=TEXT,
    entries=st.lists(st.builds(LinkEntry, text=INLINES, lang=LANG | st.none()), max_size=2).map(tuple),
)
ISSUE = st.builds(
    Issue,
    slug=st.just("2023-12"),
    title=TEXT.filter(str.strip),
    published=WHEN,
    lang=LANG,
    publisher=TEXT,
    sections=st.tuples(
        st.builds(Section, id=st.just(""), items=ITEMS),
        st.builds(Section, id=st.just("ks"), title=TEXT, items=ITEMS),
        st.builds(Section, id=st.just("midt"), title=TEXT, parent=st.just("ks"), items=ITEMS),
    ),
    number=st.none() | st.integers(0, 99),
    preheader=TEXT,
    intro=BODY,
    reader_note=TEXT,
    next_issue=st.none() | WHEN,
    contribution_deadline=st.none() | DAY,
    contact=st.none() | CONTACT,
    important_dates=st.lists(st.builds(ImportantDate, when=WHEN, text=INLINES, kind=KIND), max_size=2).map(tuple),
    link_groups=st.lists(st.builds(LinkGroup, title=TEXT, groups=st.tuples(GROUP)) | GROUP, max_size=2).map(tuple),
)
EXAMPLES = settings().max_examples  # of the profile: the normal run's, or many more in `poe soak`
CALM = settings(
    max_examples=EXAMPLES * 3 // 5,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)


class Drawn(Generic[T]):
    """What was drawn, told in short: hypothesis needs minutes to lay out an issue. Its blob makes it again.

    (Hypothesis lays out the fields of a dataclass, whatever its repr, so this is none.)
    """

    def __init__(self, value: T) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"{repr(self.value)[:1500]} …"


@st.composite
def drawn(draw: st.DrawFn, strategy: st.SearchStrategy[T]) -> Drawn[T]:
    return Drawn(draw(strategy))


@given(drawn_issue=drawn(ISSUE), own=PLACES, lang=LANG)
@CALM
def test_any_issue_composes_into_our_own_elements_with_all_slots(
    composer: Composer, drawn_issue: Drawn[Issue], own: tuple[str, ...], lang: str
) -> None:
    issue = drawn_issue.value
    key = composer.variant_key(issue, own, lang="se" if lang == "se" else "nn")
    composed = composer.compose(issue, key)
    elements = Elements(composed.html)
    assert elements.tags <= OURS
    assert not {name for name in elements.attributes if name.startswith("on")}
    assert all(link.startswith(("https://", "mailto:", "#sak-")) for link in elements.links)
    assert remote_resources(composed.html) == ()
    assert composed.slots == {Slot.EMAIL, Slot.UNSUBSCRIBE_URL}
    for slot in composed.slots:
        assert composed.text.count(slot.token) == 1


@given(issue=drawn(ISSUE))
@settings(CALM, max_examples=EXAMPLES // 6)
def test_any_issue_can_be_printed(templates: Templates, publication: Publication, issue: Drawn[Issue]) -> None:
    now = datetime(2023, 12, 1, tzinfo=UTC)
    printed = print_pdf(issue.value, templates=templates, theme=Theme(), publication=publication, timestamp=now)
    assert printed.startswith(b"%PDF-")


@given(drawn_issue=drawn(ISSUE))
@settings(CALM, max_examples=EXAMPLES // 3)
def test_any_issue_is_a_page_of_our_own_elements_and_a_calendar(
    templates: Templates, publication: Publication, drawn_issue: Drawn[Issue]
) -> None:
    issue = drawn_issue.value
    page = compose_webpage(issue, templates=templates, theme=Theme(), publication=publication)
    elements = Elements(page)
    assert elements.tags <= OURS | ON_THE_PAGE
    assert not {name for name in elements.attributes if name.startswith("on") or name == "style"}
    assert all(link.startswith(("https://", "mailto:", "#")) for link in elements.links)
    assert remote_resources(page) == ()
    now = datetime(2023, 12, 1, tzinfo=UTC)
    calendar = build_calendar(issue, labels=templates.labels, publication=publication, timestamp=now)
    for data in (calendar.whole, *calendar.events):
        assert not data or icalendar.Calendar.from_ical(data).walk("VEVENT")


@given(items=drawn(st.lists(ITEM, max_size=60)), pictures=st.lists(st.binary(max_size=60), max_size=3))
@settings(CALM, max_examples=EXAMPLES // 16)
def test_an_issue_of_up_to_sixty_items_comes_out_in_every_form(
    templates: Templates,
    publication: Publication,
    small_issue: Issue,
    items: Drawn[list[Item]],
    pictures: list[bytes],
) -> None:
    numbered = tuple(replace(item, number=number, slug=f"sak-{number}") for number, item in enumerate(items.value, 1))
    images = {f"images/{number}.png": data for number, data in enumerate(pictures)} | {"images/x.png": b"GIF89a"}
    issue = replace(small_issue, sections=(Section(id="", items=numbered),), images=images)
    forms = {"templates": templates, "theme": Theme(), "publication": publication}
    composer = Composer(templates, theme=Theme(), publication=publication)
    composed = composer.compose(issue, VariantKey(own=("oslo",), lang="nb"))
    assert all(f'id="sak-{number}"' in composed.html for number in range(1, len(numbered) + 1))
    assert [each.severity for each in composed.findings if each.rule == "picture"] == [Severity.ERROR] * len(images)
    page = compose_webpage(issue, **forms)  # type: ignore[arg-type]  # as named above
    assert page.count("<article") == len(numbered)
    printed = print_pdf(issue, timestamp=datetime(2023, 12, 1, tzinfo=UTC), **forms)  # type: ignore[arg-type]  # as above
    assert printed.startswith(b"%PDF-")


@pytest.mark.parametrize("payload", PAYLOADS[:12])
def test_hostile_words_stay_words(
    composer: Composer, small_issue: Issue, make_item: Callable[..., Item], payload: str
) -> None:
    body = (Paragraph((Text(payload),)),)
    sections = (Section(id="", title=payload, items=(make_item(1, title=payload, body=body),)),)
    issue = replace(small_issue, title=payload, publisher=payload, reader_note=payload, sections=sections)
    composed = composer.compose(issue, VariantKey(lang="nn"))
    words = Elements(composed.html).words
    assert Elements(composed.html).tags <= OURS
    assert words.count(payload) >= 5
    assert composed.text.count(payload) >= 2


def test_a_paragraph_of_ten_thousand_letters_composes(
    composer: Composer, small_issue: Issue, make_item: Callable[..., Item]
) -> None:
    body = (Paragraph((Text("x" * 10_000),)),)
    issue = replace(small_issue, sections=(Section(id="", items=(make_item(1, body=body),)),))
    composed = composer.compose(issue, VariantKey(lang="nn"))
    assert "x" * 10_000 in composed.html
    assert "x" * 10_000 in composed.text
