import re
import shutil
import tomllib
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.errors import MailerError
from mailer.issue.model import CalendarDate, Issue, IssueKind, Paragraph, Precision, Severity, plain_text
from mailer.issue.source import read_issue
from mailer.usecases.next_issue import new_issue, toml_lines, toml_text

TODAY = date(2024, 1, 15)
SMALL = 'title = "Nyhetsbrev"\ndate = 2024-02-07\n'


@pytest.fixture
def issues(tmp_path: Path, repository: Path) -> Path:
    """A folder with both real newsletters."""
    folder = tmp_path / "issues"
    for slug in ("2022-02", "2023-12"):
        shutil.copytree(repository / "issues" / slug, folder / slug)
    return folder


def read(folder: Path) -> Issue:
    reading = read_issue(folder, helsefellesskap=["oslo"], publisher="Helsedirektoratet")
    assert [each for each in reading.findings if each.severity is Severity.ERROR] == []
    assert reading.issue is not None
    return reading.issue


def with_frame(issues: Path, text: str, *, slug: str = "2024-02") -> None:
    (issues / slug / "items").mkdir(parents=True)
    (issues / slug / "issue.toml").write_text(text, encoding="utf-8")


def test_the_next_issue_follows_the_latest_and_comes_when_that_promised(issues: Path) -> None:
    folder = new_issue(issues, "2024-02", today=TODAY)
    issue, last = read(folder), read(issues / "2023-12")
    assert folder == issues / "2024-02"
    assert (issue.title, issue.lang, issue.published) == (last.title, "nn", last.next_issue)
    assert [plain_text(each.inlines) for each in issue.intro if isinstance(each, Paragraph)] == [
        plain_text(each.inlines) for each in last.intro if isinstance(each, Paragraph)
    ]
    assert issue.contact is not None
    assert issue.contact.email == "kathrine.syse@helsedir.no"
    assert [item.title for item in issue.items] == ["Døme: skriv tittelen her"]
    frame = tomllib.loads((folder / "issue.toml").read_text("utf-8"))
    assert [(each["id"], each["title"]) for each in frame["sections"]] == [
        (section.id, section.title) for section in last.sections if section.id
    ]


def test_standing_links_are_taken_over_and_past_events_are_not(issues: Path) -> None:
    (group,) = read(new_issue(issues, "2024-02", today=TODAY)).link_groups
    assert [each.title for each in group.groups] == ["Tilskot", "Anna"]
    assert plain_text(group.groups[1].entries[0].text).startswith("Helsefellesskap - Helsedirektoratet – På temasida")


def test_it_can_follow_an_older_issue_and_counts_its_number_on(issues: Path) -> None:
    issue = read(new_issue(issues, "2022-04", today=TODAY, template_from="2022-02"))
    assert issue.number == 2
    assert issue.published == CalendarDate(start=date(2022, 4, 6))
    assert [group.title for group in issue.link_groups] == ["Nettsider"]
    assert len(issue.link_groups[0].entries) == 7


@pytest.mark.parametrize(
    ("slug", "published"),
    [
        ("2024-03", CalendarDate(start=date(2024, 3, 1), precision=Precision.MONTH)),
        ("2024-02-20", CalendarDate(start=date(2024, 2, 1), precision=Precision.MONTH)),
        ("2024-03-20", CalendarDate(start=date(2024, 3, 20))),
        ("ekstra", CalendarDate(start=date(2024, 2, 1), precision=Precision.MONTH)),
    ],
)
def test_the_slug_says_the_date_where_it_and_the_promise_differ(
    slug: str, published: CalendarDate, issues: Path
) -> None:
    assert read(new_issue(issues, slug, today=TODAY)).published == published


@pytest.mark.parametrize(("slug", "start"), [("2024-02", date(2024, 2, 1)), ("ekstra", date(2024, 1, 1))])
def test_the_first_issue_of_all_begins_from_nothing(slug: str, start: date, tmp_path: Path) -> None:
    issue = read(new_issue(tmp_path / "issues", slug, today=TODAY, title='"Brev"', lang="en"))
    assert (issue.title, issue.lang) == ('"Brev"', "en")
    assert issue.published == CalendarDate(start=start, precision=Precision.MONTH)
    assert [item.title for item in issue.items] == ["Example: write the title here"]


def test_what_the_comments_show_can_be_used(tmp_path: Path) -> None:
    folder = new_issue(tmp_path, "2024-02", today=TODAY)
    for path in (folder / "issue.toml", folder / "items" / "010-eksempel.md"):
        shown = re.sub(r"^# (?=\[\[|\w+ = )", "", path.read_text("utf-8"), flags=re.MULTILINE)
        path.write_text(shown.replace("https://…", "https://a.example/"), encoding="utf-8")
    issue = read(folder)
    assert [section.id for section in issue.sections] == ["ks"]
    assert issue.next_issue is not None
    assert issue.important_dates[0].when.start == date(2024, 3, 8)
    assert issue.link_groups[0].title == "Nettsider"
    assert issue.items[0].helsefellesskap == ("oslo",)


def test_an_existing_issue_is_never_overwritten(issues: Path) -> None:
    before = (issues / "2023-12" / "issue.toml").read_bytes()
    with pytest.raises(MailerError, match='already an issue "2023-12"'):
        new_issue(issues, "2023-12", today=TODAY)
    assert (issues / "2023-12" / "issue.toml").read_bytes() == before


@pytest.mark.parametrize("slug", ["../x", "Februar", ""])
def test_a_name_that_cannot_be_a_slug_is_refused(slug: str, issues: Path) -> None:
    with pytest.raises(MailerError, match="cannot name an issue"):
        new_issue(issues, slug, today=TODAY)


@pytest.mark.parametrize("slug", ["2024-99", "2024-00", "2024-2", "2024-13-ekstra", "2024-02-30"])
def test_a_name_that_looks_like_a_date_must_be_one(slug: str, issues: Path) -> None:
    with pytest.raises(MailerError, match="in no calendar"):
        new_issue(issues, slug, today=TODAY)
    assert not (issues / slug).exists()


@pytest.mark.parametrize("slug", ["2024-02-ekstra", "2024", "20240", "2024-haust"])
def test_other_names_with_digits_are_names(slug: str, issues: Path) -> None:
    assert new_issue(issues, slug, today=TODAY).is_dir()


@pytest.mark.parametrize(("slug", "dates"), [("2023-12", "februar, 01.02.24"), ("2022-02", "06.04.22, 01.04.22")])
def test_an_introduction_that_is_taken_over_is_announced_with_its_dates(slug: str, dates: str, issues: Path) -> None:
    said: list[str] = []
    folder = new_issue(issues, "2024-02", today=TODAY, template_from=slug, announce=said.append)
    lang = {"2023-12": "nn", "2022-02": "nb"}[slug]
    assert said[0] == f"Its language is {lang} from {slug} (lang in issue.toml). Change it if this issue is in another."
    assert said[1:] == [f"The introduction in issue.toml is that of {slug}. Put it right, with its dates: {dates}."]
    comment = f"# The introduction of {slug}: put it right, with its dates: {dates}."
    assert comment in (folder / "issue.toml").read_text("utf-8").split("\n")


def test_no_introduction_is_announced_where_there_was_none(issues: Path) -> None:
    with_frame(issues, SMALL)
    said: list[str] = []
    new_issue(issues, "2024-04", today=TODAY, announce=said.append)
    assert [each for each in said if "introduction" in each] == []
    assert "The introduction of" not in (issues / "2024-04" / "issue.toml").read_text("utf-8")


def test_an_unknown_issue_to_begin_from_is_refused_with_the_nearest(issues: Path) -> None:
    with pytest.raises(MailerError, match="Did you mean"):
        new_issue(issues, "2024-02", today=TODAY, template_from="2023-11")
    assert not (issues / "2024-02").exists()


@pytest.mark.parametrize("frame", ["title = ", 'date = "2024-02"\n'])
def test_an_issue_with_errors_is_not_followed(frame: str, issues: Path) -> None:
    with_frame(issues, frame)
    with pytest.raises(MailerError, match=r"has errors\n.*mailer check 2024-02"):
        new_issue(issues, "2024-03", today=TODAY)


def test_an_issue_with_little_in_it_can_be_followed(issues: Path) -> None:
    with_frame(issues, SMALL + '[[link_groups]]\ntitle = "Gikk du glipp av dette?"\npast = true\n')
    issue = read(new_issue(issues, "2024-04", today=TODAY))
    assert (issue.link_groups, issue.intro, issue.contact) == ((), (), None)


def test_tables_of_contact_dates_and_flags_are_written_as_they_were(issues: Path) -> None:
    groups = (
        '[[link_groups]]\ntitle = "A"\npast = false\n'
        'entries = [{ text = "[x](https://a.example/)", lang = "nn", date = 2024-01-02 }]\n'
    )
    with_frame(issues, SMALL + 'contact = { email = "kari@a.example", name = "Kari" }\n' + groups)
    last, issue = (read(_with_item(issues / "2024-02")), read(new_issue(issues, "2024-04", today=TODAY)))
    assert issue.contact is not None
    assert (issue.contact.email, issue.contact.name) == ("kari@a.example", "Kari")
    assert issue.link_groups[0].entries[0].when == last.link_groups[0].entries[0].when
    assert issue.link_groups[0].entries[0].text == last.link_groups[0].entries[0].text


@pytest.mark.parametrize(("letters", "is_on_one_line"), [(78, True), (79, False)])
def test_a_list_stands_on_one_line_as_long_as_that_is_short(
    issues: Path, letters: int, *, is_on_one_line: bool
) -> None:
    entry = f"[x](https://a.example/{'a' * (letters - 23)})"
    with_frame(issues, f'{SMALL}[[link_groups]]\ntitle = "A"\npast = false\nentries = ["{entry}"]\n')
    written = (new_issue(issues, "2024-04", today=TODAY) / "issue.toml").read_text("utf-8")
    assert (f'entries = ["{entry}"]' in written, f'entries = [\n  "{entry}",\n]' in written) == (
        is_on_one_line,
        not is_on_one_line,
    )


def _with_item(folder: Path) -> Path:
    (folder / "items" / "010-a.md").write_text("+++\n+++\nTekst.\n", encoding="utf-8")
    return folder


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_every_text_survives_being_written_as_toml(text: str) -> None:
    assert tomllib.loads(f"a = {toml_text(text)}") == {"a": text}


@given(st.text(alphabet=st.one_of(st.sampled_from('"\\\n #'), st.characters(codec="utf-8", exclude_categories=["Cc"]))))
def test_every_introduction_survives_being_written_as_toml(text: str) -> None:
    assert tomllib.loads(f'a = """\n{toml_lines(text)}\n"""') == {"a": text + "\n"}


def test_a_short_letter_is_dated_today_and_takes_over_language_and_contact_alone(issues: Path) -> None:
    folder = new_issue(issues, "2023-12-rettelse", today=TODAY, is_note=True)
    frame = folder / "issue.toml"
    assert [each.name for each in folder.iterdir()] == ["issue.toml"]
    frame.write_text(frame.read_text("utf-8").replace('title = ""', 'title = "Rettelse"'), "utf-8")
    reading = read_issue(folder, helsefellesskap=[], publisher="H")
    assert [(each.file, each.line, each.message) for each in reading.findings] == [
        ("issue.toml", 5, "the short letter has no text")
    ]
    frame.write_text(frame.read_text("utf-8").replace('"""\n"""', '"""\nFristen er klokka 12.00.\n"""'), "utf-8")
    issue = read(folder)
    assert (issue.title, issue.kind, issue.lang) == ("Rettelse", IssueKind.NOTE, "nn")
    assert issue.published == CalendarDate(start=TODAY)
    assert issue.contact is not None
    assert issue.contact.email == "kathrine.syse@helsedir.no"
    assert not issue.items
    assert not issue.link_groups


def test_a_short_letter_may_be_the_first(tmp_path: Path) -> None:
    text = (new_issue(tmp_path, "rettelse", today=TODAY, is_note=True, lang="nb") / "issue.toml").read_text("utf-8")
    frame = tomllib.loads(text)
    assert frame == {"title": "", "kind": "note", "date": TODAY, "lang": "nb", "intro": ""}
