"""The mail as it is composed: its parts in order, its languages, the reader's own values and items.

A result of `composed` has `slots` for them, and templates write labels by `vocabulary`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from mailer.compose.composed import ComposedIssue, VariantKey
from mailer.compose.mail.composer import Composer
from mailer.compose.pdf.print_data import print_data
from mailer.compose.publication import Publication
from mailer.compose.slots import Slot
from mailer.compose.theme import Theme
from mailer.errors import MailerError
from mailer.issue.model import (
    CalendarDate,
    Contact,
    DateKind,
    Heading,
    Image,
    ImportantDate,
    Issue,
    IssueKind,
    Item,
    ItemDate,
    LinkEntry,
    LinkGroup,
    List,
    Paragraph,
    Placement,
    Precision,
    Section,
    Strong,
    Text,
)
from mailer.languages import Lang
from mailer.rendering.templates import Templates

pytestmark = pytest.mark.usefixtures("socket_disabled")

NYNORSK = VariantKey(lang="nn")


class Page(HTMLParser):
    """A mail as its parts: the words of each element with the language they are marked as."""

    VOID = frozenset({"br", "meta", "img", "hr"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[tuple[str, str]] = []
        self.words: list[tuple[str, str]] = []
        self.headings: list[tuple[int, str]] = []
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        given = dict(attrs)
        self.links += [given["href"] or ""] if "href" in given else []
        if tag not in self.VOID:
            self.open.append((tag, given.get("lang") or (self.open[-1][1] if self.open else "")))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append((int(tag[1]), ""))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        inside = [tag for tag, _ in self.open]
        if "style" not in inside and data.strip():
            self.words.append((data, self.open[-1][1]))
        if any(re.fullmatch("h[1-6]", tag) for tag in inside):
            level, words = self.headings[-1]
            self.headings[-1] = (level, words + data.replace("\N{NO-BREAK SPACE} ", " "))

    @property
    def text(self) -> str:
        return " ".join(" ".join(words for words, _ in self.words).split())

    def languages(self, words: str) -> set[str]:
        """The languages in which these words are marked."""
        return {lang for text, lang in self.words if words in text}


@pytest.fixture
def page(composer: Composer, small_issue: Issue) -> Page:
    return Page(composer.compose(replace(small_issue, preheader="Til deg"), NYNORSK).html)


def with_items(issue: Issue, *items: Item) -> Issue:
    return replace(issue, sections=(Section(id="", items=items),))


def links(composed: ComposedIssue) -> list[str]:
    return Page(composed.html).links


def parts_in_order(html: str) -> Iterator[int]:
    for mark in (
        "Vis i nettlesar",
        'class="h1"',
        "I dette brevet",
        "Velkomen.",
        "Ditt helsefellesskap: ",
        "Viktige datoar",
        "Innhald",
        'id="sak-1"',
        "Nytt frå KS</h2>",
        'id="sak-2"',
        "Neste nyheitsbrev kjem",
        "Gitt ut av Helsedirektoratet",
    ):
        yield html.index(mark)


def test_the_mail_is_titled_by_name_and_month_whatever_its_subject(composer: Composer, small_issue: Issue) -> None:
    composed = composer.compose(replace(small_issue, subject="Les om fristen"), NYNORSK)
    assert composed.subject == "Les om fristen"
    assert "<title>Nyheitsbrev for helsefellesskap – desember 2023</title>" in composed.html
    assert composed.text.startswith("Nyheitsbrev for helsefellesskap – desember 2023\n")


def test_a_short_letter_is_its_introduction_and_nothing_around_it(composer: Composer, small_issue: Issue) -> None:
    day = CalendarDate(start=date(2024, 2, 12))
    note = replace(small_issue, kind=IssueKind.NOTE, title=CORRECTION, published=day, sections=(), number=None)
    composed = composer.compose(note, VariantKey(lang="nn", own=("oslo",)))
    assert composed.subject == CORRECTION
    words = " ".join(re.sub(r"<[^>]+>", " ", composed.html).split())
    for text in (words, composed.text):
        assert "Velkomen." in text
        assert not re.search("innhald|i dette brevet|sak 1", text, re.IGNORECASE)
    assert "12. februar 2024" in words
    assert 'class="bar' not in composed.html


def test_the_mail_begins_with_the_doctype_and_its_language(composer: Composer, small_issue: Issue) -> None:
    html = composer.compose(small_issue, NYNORSK).html
    assert html.startswith("<!DOCTYPE html>")
    assert re.search(r'<html[^>]* lang="nn"', html)
    assert "charset=UTF-8" in html


def test_the_parts_stand_in_the_order_of_the_design(composer: Composer, small_issue: Issue) -> None:
    html = composer.compose(small_issue, VariantKey(own=("oslo",), lang="nn")).html
    positions = list(parts_in_order(html))
    assert positions == sorted(positions)


def test_the_same_issue_and_key_give_the_same_bytes(
    templates: Templates, publication: Publication, small_issue: Issue
) -> None:
    one, two = (Composer(templates, theme=Theme(), publication=publication) for _ in range(2))
    assert one.compose(small_issue, NYNORSK) == two.compose(small_issue, NYNORSK)


def test_each_reader_s_own_values_are_slots(composer: Composer, small_issue: Issue) -> None:
    composed = composer.compose(small_issue, NYNORSK)
    assert composed.slots == set(Slot) - {Slot.PREFERENCES_URL}
    for text in (composed.html, composed.text):
        assert all(slot.token in text for slot in composed.slots)
    assert links(composed).count(Slot.UNSUBSCRIBE_URL.token) == composed.text.count(Slot.UNSUBSCRIBE_URL.token) == 1


def test_changing_a_subscription_is_offered_once_the_page_can_do_it(
    templates: Templates, publication: Publication, small_issue: Issue
) -> None:
    """The page of today can only unsubscribe; two links to it would promise what the first does not keep."""
    for can_change in (False, True):
        changed = replace(publication, pages=replace(publication.pages, can_change=can_change))
        composed = Composer(templates, theme=Theme(), publication=changed).compose(small_issue, NYNORSK)
        assert (Slot.PREFERENCES_URL.token in links(composed)) is can_change
        for text in (composed.html, composed.text):
            assert ("Endre abonnementet" in text) is (Slot.PREFERENCES_URL.token in text) is can_change


CORRECTION = "Rettelse: søknadsfristen er klokka 12.00"


def test_a_mail_names_the_newsletter_whatever_the_title_of_the_issue(
    templates: Templates, publication: Publication, small_issue: Issue
) -> None:
    names: list[tuple[Lang, str, str]] = [
        ("nb", "Nyhetsbrev for helsefellesskap", "Nyhetsbrev for helsefellesskap"),
        ("nn", "Nyhetsbrev for helsefellesskap", "Nyheitsbrev for helsefellesskap"),
        ("nn", "Helsenytt", "Helsenytt"),
    ]
    for lang, name, named in names:
        composer = Composer(templates, theme=Theme(), publication=replace(publication, name=name))
        composed = composer.compose(replace(small_issue, title=CORRECTION), VariantKey(lang=lang))
        why = f"Du får denne e-posten fordi du abonnerer på {named}."
        assert why in " ".join(composed.text.split())
        assert why in re.sub(r"<[^>]+>", "", composed.html)
        assert composed.text.startswith(f"{CORRECTION} – desember 2023\n")


def test_the_preheader_stands_first_and_hidden(composer: Composer, small_issue: Issue) -> None:
    composed = composer.compose(replace(small_issue, preheader="Frist 14. desember & meir"), NYNORSK)
    assert composed.preheader == "Frist 14. desember & meir"
    hidden = re.search(r"<body[^>]*><div[^>]*><div style=\"display:none[^>]*>([^<]*)</div>", composed.html)
    assert hidden is not None
    words, blanks = hidden[1].split("meir")
    assert words == "Frist 14. desember &amp; "
    assert len(blanks) >= 150, "the first words of the mail must not fill the line in the inbox"
    assert set(blanks) <= {" ", "\N{NO-BREAK SPACE}", "\N{ZERO WIDTH NON-JOINER}"}


def test_the_footer_links_every_way_on_and_out(composer: Composer, small_issue: Issue) -> None:
    found = links(composer.compose(small_issue, NYNORSK))
    for address in ("/2023-12", "/2023-12.pdf", "/", "/privacy", "/subscribe"):
        assert f"https://nyhetsbrev.example{address}" in found


def test_headings_go_down_one_level_at_a_time(page: Page) -> None:
    levels = [level for level, _ in page.headings]
    assert levels[0] == 1
    assert all(below <= above + 1 for above, below in pairwise(levels))
    assert levels.count(1) == 1
    assert (2, "Sak 1 Oslo Tittel 1") in page.headings, "no section stands above it"
    assert (2, "Nytt frå KS") in page.headings
    assert (3, "Sak 2 Tittel 2") in page.headings


def test_items_below_a_sub_organisation_are_one_level_deeper(
    composer: Composer, small_issue: Issue, make_item: Callable[..., Item]
) -> None:
    item = make_item(1, body=(Heading(4, (Text("I saka"),)), Paragraph((Text("Tekst."),))))
    sections = (
        Section(id="rhf", title="Nytt frå RHF-ane"),
        Section(id="midt", title="Helse Midt", parent="rhf", items=(item,)),
        Section(id="tom", title="Utan saker"),
    )
    issue = replace(small_issue, sections=sections)
    composed = composer.compose(issue, NYNORSK)
    tail = Page(composed.html).headings[-5:]
    assert tail == [
        (2, "Nytt frå RHF-ane"),
        (3, "Helse Midt"),
        (4, "Sak 1 Tittel 1"),
        (5, "I saka"),
        (2, "Neste nyheitsbrev kjem i\N{NO-BREAK SPACE}februar"),
    ]
    assert "Utan saker" not in composed.html
    assert "Nytt frå RHF-ane · Helse Midt" in composed.html
    assert "Nytt frå RHF-ane · Helse Midt" in composed.text


def test_an_item_without_a_title_is_called_by_its_first_words(
    composer: Composer, small_issue: Issue, make_item: Callable[..., Item]
) -> None:
    words = "Frå nyttår blir dei to direktorata slått saman til eitt nytt direktorat."
    item = make_item(1, title="", body=(Heading(4, (Text("Om det"),)), Paragraph((Text(words),))))
    composed = composer.compose(with_items(small_issue, item), NYNORSK)
    assert '<a class="ta" href="#sak-1"' in composed.html
    assert "   1  Om det\n" in composed.text
    assert Page(composed.html).headings[-3:-1] == [(2, "Sak 1"), (3, "Om det")]


def test_languages_are_marked_where_they_change(page: Page) -> None:
    assert page.languages("Brødtekst 1.") == {"nn"}
    assert page.languages("Tittel 2") == {"nb"}
    assert page.languages("Brødtekst 2.") == {"nb"}
    assert page.languages("Veileder") == {"nb"}


def test_a_link_in_another_language_than_its_item_is_marked(
    composer: Composer, small_issue: Issue, make_item: Callable[..., Item]
) -> None:
    body = small_issue.items[1].body
    page = Page(composer.compose(with_items(small_issue, make_item(1, body=body)), NYNORSK).html)
    assert page.languages("Veileder") == {"nb"}
    assert page.languages("Les meir her:") == {"nn"}


def test_service_lines_are_in_the_reader_s_language_and_the_rest_in_the_issue_s(
    composer: Composer, small_issue: Issue
) -> None:
    composed = composer.compose(small_issue, VariantKey(lang="en"))
    page = Page(composed.html)
    assert page.languages("View in browser") == {"en"}
    assert page.languages("Unsubscribe") == {"en"}
    assert page.languages("Innhald") == {"nn"}
    assert "Unsubscribe: <https://" in composed.text


def test_a_label_that_is_missing_in_sami_is_marked_as_bokmaal(
    composer: Composer, small_issue: Issue, make_item: Callable[..., Item]
) -> None:
    contacts = (Contact(email="a@oslo.example"), Contact(email="b@oslo.example", name="Ánte Sara"))
    consultation = ItemDate(when=CalendarDate(start=date(2023, 12, 20)), kind=DateKind.CONSULTATION_DEADLINE)
    issue = with_items(
        small_issue,
        make_item(1, lang="se", contacts=contacts, dates=(consultation,)),
        make_item(2, lang="se", contacts=contacts[:1]),
    )
    page = Page(composer.compose(issue, VariantKey(lang="se")).html)
    assert page.languages("Kontaktpersoner") == {"nb"}
    assert page.languages("Høringsfrist") == {"nb"}
    assert page.languages("Oktavuođaolmmoš") == {"se"}
    assert page.languages("Ánte Sara") == {"se"}
    assert page.languages("Meld deg av") == {"nb"}


def test_contacts_on_lines_are_mailto_links_and_inline_ones_are_not_repeated(
    composer: Composer, small_issue: Issue, make_item: Callable[..., Item]
) -> None:
    inline = Contact(email="ola@oslo.example", placement=Placement.INLINE)
    item = make_item(1, contacts=(Contact(email="kari@oslo.example"), inline))
    composed = composer.compose(with_items(small_issue, item), NYNORSK)
    assert "mailto:kari@oslo.example" in links(composed)
    assert "Kontaktperson: kari@oslo.example" in composed.text
    assert "ola@oslo.example" not in composed.html + composed.text


def test_the_reader_s_own_items_come_first_and_nothing_is_left_out(composer: Composer, small_issue: Issue) -> None:
    own = composer.compose(small_issue, VariantKey(own=("oslo",), lang="nn"))
    anybody = composer.compose(small_issue, NYNORSK)
    assert "Ditt helsefellesskap: Oslo" in Page(own.html).text
    assert "[ditt helsefellesskap]" in own.text
    assert "itt helsefellesskap" not in anybody.html + anybody.text
    assert {words.strip() for words, _ in Page(anybody.html).words} <= {
        words.strip() for words, _ in Page(own.html).words
    }


def test_several_own_helsefellesskap_share_one_block(
    composer: Composer, small_issue: Issue, make_item: Callable[..., Item]
) -> None:
    issue = with_items(small_issue, make_item(1, helsefellesskap=("oslo", "finnmark")))
    composed = composer.compose(issue, VariantKey(own=("finnmark", "oslo"), lang="nn"))
    assert "Dine helsefellesskap: Finnmark · Oslo" in Page(composed.html).text


def test_the_band_shows_every_helsefellesskap_once(
    composer: Composer, small_issue: Issue, publication: Publication
) -> None:
    html = composer.compose(small_issue, VariantKey(own=("oslo",), lang="nn")).html
    assert html.count('class="bar') == len(publication.places) == 19
    assert html.count('class="bar own"') == 1
    assert '<table role="presentation" aria-hidden="true" class="band"' in html


def test_the_band_s_colours_are_no_attributes_which_thunderbird_takes_away_in_the_dark(
    composer: Composer, small_issue: Issue
) -> None:
    html = composer.compose(small_issue, VariantKey(own=("oslo",), lang="nn")).html
    assert len(re.findall(r'<td [^>]*class="bar[^>]*style="background-color:#', html)) == 19
    assert not re.search(r'class="bar[^>]*bgcolor', html)


def test_dates_are_gathered_from_the_items_when_the_editor_wrote_none(
    composer: Composer, small_issue: Issue, make_item: Callable[..., Item]
) -> None:
    past = ItemDate(when=CalendarDate(start=date(2023, 11, 1)), kind=DateKind.EVENT)
    launch = ItemDate(
        when=CalendarDate(start=date(2024, 1, 31)), kind=DateKind.LAUNCH, title="Plattforma", place="Oslo"
    )
    text = composer.compose(with_items(small_issue, make_item(1, dates=(launch, past))), NYNORSK).text
    dates = " ".join(text[text.index("Viktige datoar") : text.index("Innhald")].split())
    assert "31. januar 2024 Lansering: Plattforma, Oslo (sak 1)" in dates
    assert "1. februar 2024 Frist for innspel: Innspel til neste nyheitsbrev" in dates
    assert "november" not in dates


def test_the_editor_s_own_dates_are_printed_as_written(composer: Composer, small_issue: Issue) -> None:
    entry = ImportantDate(
        when=CalendarDate(start=date(2023, 12, 17)),
        text=(Text("Frist for å melde seg på i Oslo"),),
        kind=DateKind.DEADLINE,
        item="sak-2",
        helsefellesskap=("oslo",),
    )
    issue = replace(small_issue, important_dates=(entry,))
    composed = composer.compose(issue, VariantKey(own=("oslo",), lang="nn"))
    assert "Frist for å melde seg på i Oslo (sak 2) [ditt" in " ".join(composed.text.split())
    assert "Frist: Frist" not in composed.text
    assert "Sak 2" in composed.html


def test_an_issue_without_dates_or_next_issue_has_no_empty_parts(
    composer: Composer, small_issue: Issue, make_item: Callable[..., Item]
) -> None:
    issue = replace(with_items(small_issue, make_item(1)), next_issue=None, contribution_deadline=None)
    composed = composer.compose(issue, NYNORSK)
    for text in (composed.html, composed.text):
        assert "Viktige datoar" not in text
        assert "I dette brevet" not in text
        assert "Send innspel" not in text


def test_no_word_is_bold_that_the_editor_did_not_mark(
    composer: Composer,
    templates: Templates,
    publication: Publication,
    small_issue: Issue,
    make_item: Callable[..., Item],
) -> None:
    points = ((Paragraph((Text("Honorar: 1 500 kr"),)),), (Paragraph((Strong((Text("Tid:"),)), Text(" kl. 10"))),))
    issue = with_items(small_issue, make_item(1, body=(List(points),)))
    composed = composer.compose(issue, NYNORSK)
    assert ">Honorar: 1" in composed.html
    assert "<strong>Tid:</strong> kl." in composed.html
    assert "- Honorar: 1 500 kr" in composed.text.replace("\N{NO-BREAK SPACE}", " ")
    data, _ = print_data(issue, templates=templates, publication=publication)
    printed = [point[0]["text"] for point in data["sections"][0]["items"][0]["body"][0]["points"]]
    assert [[part["kind"] for part in parts] for parts in printed] == [["text"], ["strong", "text"]]


def test_link_groups_may_hold_groups(composer: Composer, small_issue: Issue) -> None:
    inner = LinkGroup(title="FACT-ung:", entries=(LinkEntry(text=(Text("ROP"),), lang="nb"),))
    groups = (LinkGroup(title="Nettsider", groups=(inner,)), LinkGroup(title="Gjekk du glipp av dette?"))
    composed = composer.compose(replace(small_issue, link_groups=groups), NYNORSK)
    page = Page(composed.html)
    assert (2, "Nettsider") in page.headings
    assert (3, "FACT-ung:") in page.headings
    assert page.languages("ROP") == {"nb"}
    assert "FACT-ung:\n- ROP\n" in composed.text


def test_a_picture_without_a_file_is_shown_as_its_description(
    composer: Composer, small_issue: Issue, make_item: Callable[..., Item]
) -> None:
    image = Image("images/kart.png", "Kart over Noreg", "Foto: Kari", line=4)
    issue = with_items(small_issue, make_item(1, image=image, file="items/010-kart.md"))
    composed = composer.compose(issue, NYNORSK)
    assert "Kart over Noreg – Foto: Kari" in Page(composed.html).text
    assert "[Kart over Noreg – Foto: Kari]" in composed.text
    assert composed.images == ()


def test_a_variant_is_named_by_what_the_issue_tells_of_in_register_order(
    composer: Composer, small_issue: Issue, make_item: Callable[..., Item]
) -> None:
    issue = with_items(small_issue, make_item(1, helsefellesskap=("oslo", "finnmark")))
    key = composer.variant_key(issue, ["oslo", "bergen", "finnmark", "unknown"], lang="nb")
    assert key == VariantKey(own=("finnmark", "oslo"), lang="nb")
    assert str(key) == "nb:finnmark+oslo"


def test_the_content_hash_changes_with_the_content_alone(composer: Composer, small_issue: Issue) -> None:
    first = composer.content_hash(small_issue)
    assert re.fullmatch("[0-9a-f]{64}", first)
    assert composer.content_hash(small_issue) == first
    assert composer.content_hash(replace(small_issue, reader_note="Ny.")) != first


def test_a_template_of_the_workspace_may_not_fetch_anything(
    tmp_path: Path, publication: Publication, small_issue: Issue
) -> None:
    (tmp_path / "email" / "components").mkdir(parents=True)
    footer = (Templates().path("email/components/footer.mjml.j2")).read_text("utf-8")
    pixel = '<img src="https://tracker.example/x.gif">'
    changed = footer.replace('<p class="foot-p">', f'{pixel}<p class="foot-p">', 1)
    (tmp_path / "email" / "components" / "footer.mjml.j2").write_text(changed, "utf-8")
    composer = Composer(Templates([tmp_path]), theme=Theme(), publication=publication)
    with pytest.raises(MailerError, match=r"would fetch something.*tracker\.example"):
        composer.compose(small_issue, NYNORSK)


def test_each_date_with_a_known_day_has_its_own_way_into_the_calendar(composer: Composer, small_issue: Issue) -> None:
    found = [link.removeprefix("https://nyhetsbrev.example/") for link in links(composer.compose(small_issue, NYNORSK))]
    first, second, whole = (link for link in found if link.endswith(".ics"))
    assert whole == "2023-12.ics"
    assert first != second
    assert all(re.fullmatch(r"2023-12/[a-z2-9]{4}\.ics", link) for link in (first, second))


def test_a_single_date_needs_no_button_for_all(composer: Composer, small_issue: Issue) -> None:
    composed = composer.compose(replace(small_issue, contribution_deadline=None), NYNORSK)
    (link,) = (link for link in links(composed) if link.endswith(".ics"))
    assert link.startswith("https://nyhetsbrev.example/2023-12/")


def test_a_date_without_a_day_has_none(composer: Composer, small_issue: Issue) -> None:
    month = ImportantDate(when=CalendarDate(start=date(2024, 2, 1), precision=Precision.MONTH), text=(Text("Samling"),))
    composed = composer.compose(replace(small_issue, sections=(), important_dates=(month,)), NYNORSK)
    assert not [link for link in links(composed) if link.endswith(".ics")]
