"""Whatever characters stand in titles and names: what `mailer check` passes is made into every form of an issue.

`reading` refuses what cannot be composed.
"""

from collections.abc import Iterator
from contextlib import closing
from datetime import date
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from mailer.bootstrap import Services, build_services
from mailer.issue.model import Finding, Severity
from mailer.message.compiled import compile_message
from mailer.usecases.checking import check_issue, widest_key
from mailer.usecases.creation import init_workspace
from mailer.usecases.desk import issue_calendar, issue_webpage, printed_issue, shown_message
from mailer.usecases.reading import read

SLUG = "2024-02"
TODAY = date(2024, 2, 5)
TOML_KEYS = ("title", "masthead", "preheader", "section", "item", "name", "date", "place", "alt", "caption", "group")
SPECIAL = (
    "\t",
    "\n",
    "\r",
    "\x00",
    "\x0b",
    "\x1f",
    "\x7f",
    "\x85",
    "\N{SOFT HYPHEN}",
    "\N{ARABIC LETTER MARK}",
    "\N{RIGHT-TO-LEFT MARK}",
    "\N{RIGHT-TO-LEFT OVERRIDE}",
    "\N{LINE SEPARATOR}",
    "\N{FIRST STRONG ISOLATE}",
    "\N{ZERO WIDTH SPACE}",
    "\N{ZERO WIDTH JOINER}",
    "\N{MONGOLIAN VOWEL SEPARATOR}",
    "\N{INTERLINEAR ANNOTATION ANCHOR}",
    "\N{LANGUAGE TAG}",
    "\N{TAG LATIN SMALL LETTER A}",
    "\ue000",
    "\ufdd0",
    "\U0010ffff",
    "\N{NO-BREAK SPACE}",
    "\N{OBJECT REPLACEMENT CHARACTER}",
    "=?utf-8?q?=0D=0A?=",
    "=?utf-8?b?DQo=?=",
    "{{ x }}",
    "<!--",
    "]]>",
    "&#10;",
    "slot9x7q4name4q7x9",
    "slot9x7q4email4q7x9",
    '"',
    "\\",
    ";",
    ",",
    "🦌",
    "á\u0323",
)
TEXTS = st.one_of(
    st.lists(st.sampled_from((*SPECIAL, "ord", " ")), max_size=6).map("".join),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
)


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp("any") / "workspace"
    init_workspace(folder)
    issue = folder / "issues" / SLUG
    (issue / "items").mkdir(parents=True)
    (issue / "images").mkdir()
    (issue / "images" / "kart.png").write_bytes((repository / "docs" / "pictures" / "inbox.png").read_bytes())
    with closing(build_services(folder / "config.toml", environ={}, announce=lambda _: None)) as built:
        yield built


def as_toml(text: str, *, is_escaped: bool) -> str:
    if is_escaped:
        return '"' + "".join(f"\\U{ord(each):08X}" for each in text) + '"'
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def write_issue(services: Services, texts: dict[str, str], *, is_escaped: bool) -> None:
    words = {key: as_toml(f"Ord {texts.get(key, '')}", is_escaped=is_escaped) for key in TOML_KEYS}
    words["title"] = as_toml(texts.get("title", "Brev"), is_escaped=is_escaped)
    frame = (
        f"title = {words['title']}\ndate = '2024-02'\nmasthead = {words['masthead']}\n"
        f"preheader = {words['preheader']}\n"
        f"[[sections]]\ntitle = {words['section']}\n"
        f"[[important_dates]]\ndate = 2024-03-01\nplace = {words['place']}\ntext = {words['date']}\n"
        f"[[link_groups]]\ntitle = {words['group']}\nentries = [{words['group']}]\n"
    )
    item = (
        f"+++\ntitle = {words['item']}\ncontacts = [{{ name = {words['name']}, email = 'a@a.example' }}]\n"
        f"dates = [{{ date = 2024-03-02, title = {words['date']}, place = {words['place']} }}]\n"
        f"image = {{ file = 'kart.png', alt = {words['alt']}, caption = {words['caption']} }}\n+++\nTekst.\n"
    )
    folder = services.settings.paths.issues / SLUG
    (folder / "issue.toml").write_text(frame, encoding="utf-8", newline="")
    (folder / "items" / "010-sak.md").write_text(item, encoding="utf-8", newline="")


def check(services: Services, texts: dict[str, str], *, is_escaped: bool) -> tuple[Finding, ...]:
    """What is found; with no error among it, every form but the PDF has been made."""
    write_issue(services, texts, is_escaped=is_escaped)
    checked = check_issue(services, SLUG, today=TODAY)
    if checked.errors == 0:
        assert checked.issue is not None
        composed = services.composer.compose(checked.issue, widest_key(services, checked.issue))
        compile_message(composed, sender=services.sender, slug=SLUG, test_label="TEST")
        mail = message_from_bytes(shown_message(services, composed, slug=SLUG), policy=policy.default)
        assert not mail.defects
        assert mail["Subject"].split() == composed.subject.split()
        assert len(Calendar.from_ical(issue_calendar(services, checked.issue).whole or b"").walk("VEVENT")) == 2
        assert issue_webpage(services, checked.issue)
    return checked.findings


def one_in_each(text: str) -> dict[str, str]:
    return dict.fromkeys(TOML_KEYS, text)


@settings(deadline=None, max_examples=10)
@given(texts=st.dictionaries(st.sampled_from(TOML_KEYS), TEXTS, min_size=1, max_size=3), is_escaped=st.booleans())
@example(texts=one_in_each("a\tb"), is_escaped=False)
@example(texts=one_in_each("a\tb\N{SOFT HYPHEN}"), is_escaped=True)
@example(texts=one_in_each("a\N{ARABIC LETTER MARK}\u2028\u202eb"), is_escaped=False)
@example(texts={"title": "=?utf-8?q?=0D=0A?="}, is_escaped=False)
@example(texts={"title": "\N{ZERO WIDTH JOINER}"}, is_escaped=True)
def test_what_the_check_passes_can_be_composed_and_sent(
    services: Services, texts: dict[str, str], *, is_escaped: bool
) -> None:
    check(services, texts, is_escaped=is_escaped)


@pytest.mark.slow
@pytest.mark.timeout(300)
@settings(deadline=None, max_examples=400)
@given(texts=st.dictionaries(st.sampled_from(TOML_KEYS), TEXTS, min_size=1, max_size=4), is_escaped=st.booleans())
def test_what_the_check_passes_can_be_printed_too(
    services: Services, texts: dict[str, str], *, is_escaped: bool
) -> None:
    if any(each.severity is Severity.ERROR for each in check(services, texts, is_escaped=is_escaped)):
        return
    issue = read(services, SLUG).issue
    assert issue is not None
    assert printed_issue(services, issue).startswith(b"%PDF")


@pytest.mark.parametrize("special", [each for each in SPECIAL if len(each) == 1 and not each.isprintable()], ids=ascii)
@pytest.mark.parametrize("is_escaped", [False, True], ids=["written", "escaped"])
def test_what_cannot_be_seen_in_a_title_is_told_with_file_and_line(
    services: Services, special: str, *, is_escaped: bool
) -> None:
    """An error, or it is left out or read as a space; what joins letters and emoji stays."""
    write_issue(services, {"title": f"Nyhetsbrev{special}for alle"}, is_escaped=is_escaped)
    reading = read(services, SLUG)
    if special in "\N{ZERO WIDTH JOINER}\N{NO-BREAK SPACE}":
        assert reading.issue
        assert reading.issue.title == f"Nyhetsbrev{special}for alle"
        return
    (first, *_) = reading.findings
    assert (first.file, first.line) == ("issue.toml", 1)
    assert first.rule in {"character", "toml"}
    assert not reading.issue or reading.issue.title in {"Nyhetsbrev for alle", "Nyhetsbrevfor alle"}


def test_a_title_in_which_nothing_can_be_seen_is_missing(services: Services) -> None:
    write_issue(services, {"title": "\N{ZERO WIDTH JOINER} \N{NO-BREAK SPACE}"}, is_escaped=True)
    assert [(each.rule, each.line) for each in read(services, SLUG).findings] == [("missing", 1)]


@pytest.mark.parametrize(
    ("key", "kind", "file", "line"),
    [
        ("item", "", "items/010-sak.md", 2),
        ("title", "kind = 'note'", "issue.toml", 1),
        ("subject", "", "issue.toml", 3),
    ],
)
def test_a_header_that_cannot_be_written_is_told_where_its_words_stand(
    services: Services, key: str, kind: str, file: str, line: int
) -> None:
    bad = "=?utf-8?q?=0D=0A?="
    write_issue(services, {key: bad} if key != "subject" else {}, is_escaped=False)
    frame = services.settings.paths.issues / SLUG / "issue.toml"
    extra = f"subject = '{bad}'" if key == "subject" else kind
    frame.write_text(frame.read_text("utf-8").replace("masthead", f"{extra}\nmasthead", 1), "utf-8")
    findings = check_issue(services, SLUG, today=TODAY).findings
    (error,) = [each for each in findings if each.severity is Severity.ERROR]
    assert (error.rule, error.file, error.line) == ("composing", file, line)
    assert error.words.endswith(bad)
    assert error.message.startswith("Subject: ")
    assert error.hint == "Write the text anew instead of copying it."
