"""The preview as files for an approver: a `folder` with each form, and the `changes` since the last one."""

import re
from contextlib import suppress
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.bootstrap import Services
from mailer.errors import MailerError
from mailer.issue.model import Finding, Severity
from mailer.languages import Lang
from mailer.preview.changes import changes_between
from mailer.preview.folder import HEADING, LIST, write_folder
from mailer.preview.static import write_preview
from mailer.preview.views import Look, require_view

TODAY = date(2024, 1, 15)
NOTHING = sha256(b"").hexdigest()


def listed(folder: Path) -> set[str]:
    return {line.partition("  ")[2] for line in (folder / LIST).read_text("utf-8").splitlines()[1:]}


def files_in(folder: Path) -> set[str]:
    return {each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file()}


def test_the_files_can_be_opened_without_a_server(services: Services, tmp_path: Path) -> None:
    index = write_preview(services, "2024-01", tmp_path / "out", today=TODAY)
    pages = list(index.parent.glob("*.html"))
    assert len(pages) == (12 + 3 + 6) + 3 * (6 + 1)
    for each in pages:
        page = each.read_text("utf-8")
        assert "<script" not in page
        assert "<form" not in page
        for name in re.findall(r'(?:href|src)="([^"#]+)', page):
            assert (index.parent / name).stat().st_size > 100, f"{each.name} leads to {name}"
    assert (index.parent / "issue.pdf").read_bytes().startswith(b"%PDF")


def test_each_finding_names_its_rule(services: Services, tmp_path: Path) -> None:
    page = write_preview(services, "2024-01", tmp_path, today=TODAY).read_text("utf-8")
    assert page.count('<code class="rule">') == page.count('<code class="place">') > 0


def test_frames_bar_scripts_by_themselves(services: Services, tmp_path: Path) -> None:
    write_preview(services, "2024-01", tmp_path, today=TODAY)
    for each in (tmp_path / "frames").iterdir():
        assert "default-src 'none'" in each.read_text("utf-8")


def test_light_and_dark_show_one_of_them_whatever_the_screen_is(services: Services, tmp_path: Path) -> None:
    write_preview(services, "2024-01", tmp_path, today=TODAY)
    light, dark = ((tmp_path / "frames" / f"mail-{each}.html").read_text("utf-8") for each in ("light", "dark"))
    assert "@media not all" in light
    assert "@media all" in dark
    assert "prefers-color-scheme: dark" not in light + dark


def test_an_example_subscribers_values_stand_in_the_slots(services: Services, tmp_path: Path) -> None:
    write_preview(services, "2024-01", tmp_path, today=TODAY)
    for name in ("frames/mail-light.html", "issue.txt"):
        text = (tmp_path / name).read_text("utf-8")
        assert "kari.nordmann@kommune.example" in text
        assert ".invalid" not in text


def test_an_approver_chooses_whose_mail_to_see(services: Services, tmp_path: Path) -> None:
    """As long as there is nobody to send to: those with and without items of their own, in both written languages."""
    index = write_preview(services, "2024-01", tmp_path, today=TODAY).read_text("utf-8")
    names = re.findall(r'<li><a href="([\w.-]+)"(?: aria-current="true")?>([^<]+)</a></li>', index)
    assert names == [
        ("index.html", "Ingen liste i utgaven · Bokmål"),
        ("variant-2.html", "Agder · Bokmål"),
        ("variant-3.html", "Ingen liste i utgaven · Nynorsk"),
        ("variant-4.html", "Agder · Nynorsk"),
    ]
    own = (tmp_path / "frames" / "mail-light-2.html").read_text("utf-8").casefold()
    assert "ditt helsefellesskap" in own
    assert "ditt helsefellesskap" not in (tmp_path / "frames" / "mail-light.html").read_text("utf-8").casefold()
    assert 'src="frames/mail-dark-2.html"' in (tmp_path / "variant-2-phone-dark.html").read_text("utf-8")


def test_where_there_are_readers_their_variants_are_written_and_counted(services: Services, tmp_path: Path) -> None:
    readers: list[tuple[str, Lang]] = [("agder", "nn"), ("oslo", "nb"), ("bergen", "nb")]
    for number, (place, lang) in enumerate(readers):
        services.subscribers.add(f"n{number}@a.example", name="N", lang=lang, lists=[place], basis="e: test")
    page = write_preview(services, "2024-01", tmp_path, today=TODAY).with_name("variant-2.html").read_text("utf-8")
    assert re.findall(r">([^<]+)</a><span>(\d+) les", page) == [
        ("Ingen liste i utgaven · Bokmål", "2"),
        ("Agder · Nynorsk", "1"),
    ]
    assert "<summary>Agder · Nynorsk</summary>" in page
    assert not (tmp_path / "variant-3.html").exists()


def test_an_issue_with_errors_writes_nothing(services: Services, item: Path, tmp_path: Path) -> None:
    item.write_text("+++\nsection = 'none'\n+++\n", encoding="utf-8")
    with pytest.raises(MailerError, match="010-agder"):
        write_preview(services, "2024-01", tmp_path / "out", today=TODAY)
    assert not (tmp_path / "out").exists()


def test_a_second_version_says_what_changed_since_the_first(services: Services, item: Path, tmp_path: Path) -> None:
    index = write_preview(services, "2024-01", tmp_path, today=TODAY)
    assert "changes.html" not in index.read_text("utf-8")
    item.write_text(item.read_text("utf-8").replace("Kristiansand", "Arendal <b>"), encoding="utf-8")
    item.write_text(item.read_text("utf-8").replace("Arendal <b>", "Arendal"), encoding="utf-8")
    write_preview(services, "2024-01", tmp_path, today=TODAY)
    assert 'href="changes.html"' in index.read_text("utf-8")
    changes = (tmp_path / "changes.html").read_text("utf-8")
    assert "<del>Kristiansand." in changes
    assert "<ins>Arendal." in changes
    write_preview(services, "2024-01", tmp_path, today=TODAY)
    assert "Ingen ord er endret" in (tmp_path / "changes.html").read_text("utf-8")
    frame = item.parent.parent / "issue.toml"
    frame.write_text(frame.read_text("utf-8").replace("Kort fortalt", "Langt fortalt"), encoding="utf-8")
    write_preview(services, "2024-01", tmp_path, today=TODAY)
    assert "<ins>Langt </ins>" in (tmp_path / "changes.html").read_text("utf-8")


def test_a_version_with_fewer_pages_leaves_none_of_the_one_before_and_everything_else(
    services: Services, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    write_preview(services, "2024-01", out, today=TODAY)
    (out / "note.txt").write_text("Ring meg", encoding="utf-8")
    (out / "variant-3.html").write_text("Rettet", encoding="utf-8")
    services.subscribers.add("n@a.example", name="N", lang="nb", lists=["oslo"], basis="e: test")
    write_preview(services, "2024-01", out, today=TODAY)
    assert [each.name for each in out.glob("variant-*")] == ["variant-3.html"], "somebody has changed it"
    assert not list(out.glob("frames/*-2.html"))
    assert listed(out) | {LIST, "note.txt", "variant-3.html"} == files_in(out)
    write_folder(out, {"index.html": b""})
    assert files_in(out) == {"index.html", LIST, "note.txt", "variant-3.html"}, "every file of a preview can go"


def test_a_crash_between_two_versions_leaves_nothing_behind_for_good(tmp_path: Path) -> None:
    write_folder(tmp_path, {"index.html": b"1", "text.html": b"1", "variant-2.html": b"1"})
    (tmp_path / "issue.pdf").mkdir()
    with pytest.raises(MailerError, match="cannot be written"):
        write_folder(tmp_path, {"index.html": b"2", "variant-2.html": b"2", "issue.pdf": b"2", "text.html": b"2"})
    write_folder(tmp_path, {"index.html": b"3"})
    assert files_in(tmp_path) == {"index.html", LIST}


@pytest.mark.parametrize("name", ["thesis.doc", "../thesis.html", "a\0.html", "loop.html", f"{'a' * 5000}.html"])
def test_whatever_a_list_says_only_what_a_preview_can_have_written_is_taken_away(tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for each in (tmp_path / "thesis.html", out / "thesis.doc"):
        each.write_bytes(b"")
    with suppress(OSError):  # not everybody may make links on Windows
        (out / "loop.html").symlink_to("loop.html")
    (out / LIST).write_text(f"{HEADING}\nno list\n{NOTHING}  {name}\n", "utf-8")
    write_folder(out, {"index.html": b"1"})
    assert files_in(tmp_path) == {"thesis.html", "out/thesis.doc", "out/index.html", f"out/{LIST}"}


@pytest.mark.parametrize(("heading", "left"), [("", {"text.html"}), (f"{HEADING}\n", set())])
def test_only_a_list_of_ours_counts(tmp_path: Path, heading: str, left: set[str]) -> None:
    (tmp_path / "text.html").write_bytes(b"")
    (tmp_path / LIST).write_text(f"{heading}{NOTHING}  text.html\n{NOTHING}  text.html\n", "utf-8")
    write_folder(tmp_path, {"index.html": b"1"})
    assert files_in(tmp_path) == {"index.html", LIST} | left


def test_changes_name_the_heading_they_stand_under() -> None:
    old = "INNHOLD\n-------\n\nEn sak\n\nTO\n--\n\nGammel tekst her.\n\nLikt."
    new = "INNHOLD\n-------\n\nEn sak\n\nTO\n--\n\nNy tekst her.\n\nLikt.\n\nHelt nytt."
    first, second = changes_between(old, new)
    assert (first.heading, second.heading) == ("TO", "TO")
    assert [(each.kind, each.text) for each in first.pieces][:2] == [("removed", "Gammel "), ("added", "Ny ")]
    assert [(each.kind, each.text) for each in second.pieces] == [("added", "Helt nytt.")]


def test_where_lines_break_is_no_change() -> None:
    old, new = "Vi møtes i Bodø for å\nsnakke om\nhelse.", "Vi møtes i Bodø for\nå snakke om helse."
    assert changes_between(old, new) == ()
    (change,) = changes_between(old, new.replace("snakke", "tale"))
    changed = [(each.kind, each.text.strip()) for each in change.pieces if each.kind != "same"]
    assert changed == [("removed", "snakke"), ("added", "tale")]


@given(old=st.text(alphabet="ab \n-", max_size=60), new=st.text(alphabet="ab \n-", max_size=60))
def test_no_word_is_lost_between_two_versions(old: str, new: str) -> None:
    pieces = [piece for change in changes_between(old, new) for piece in change.pieces]
    added = " ".join(piece.text for piece in pieces if piece.kind != "removed")
    assert set(added.split()) <= set(new.split())
    assert changes_between(new, new) == ()


@pytest.mark.parametrize(
    ("hint", "told"), [("Write a title.", "Write a title."), ("", "mailer check"), (None, "mailer check")]
)
def test_what_cannot_be_shown_says_why_where_and_what_to_do(hint: str | None, told: str) -> None:
    note = Finding(severity=Severity.NOTE, rule="x", message="a note", file="a.md")
    error = Finding(severity=Severity.ERROR, rule="y", message="no title", file="issue.toml", line=3, hint=hint or "")
    with pytest.raises(MailerError) as refused:
        require_view(Look(findings=(note,) if hint is None else (note, error), view=None))
    what, where = ("the issue cannot be composed", "") if hint is None else ("no title", "issue.toml:3")
    assert (refused.value.what, refused.value.where, refused.value.hint) == (what, where, told)
