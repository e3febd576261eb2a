import re
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.bootstrap import Services
from mailer.errors import MailerError
from mailer.issue.model import Lang
from mailer.preview.changes import changes_between
from mailer.preview.folder import CONTENTS
from mailer.preview.static import write_preview

TODAY = date(2024, 1, 15)


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
        ("index.html", "Ingen liste i dette brevet · Bokmål"),
        ("variant-2.html", "Agder · Bokmål"),
        ("variant-3.html", "Ingen liste i dette brevet · Nynorsk"),
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
        ("Ingen liste i dette brevet · Bokmål", "2"),
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
    out, strange = tmp_path / "out", tmp_path / "strange.txt"
    write_preview(services, "2024-01", out, today=TODAY)
    (out / "note.txt").write_text("Ring meg", encoding="utf-8")
    (out / "variant-3.html").write_text("Rettet", encoding="utf-8")
    strange.write_bytes(b"")
    with (out / CONTENTS).open("a", encoding="utf-8") as contents:
        contents.write(f"{sha256(b'').hexdigest()}  ../{strange.name}\n")
    services.subscribers.add("n@a.example", name="N", lang="nb", lists=["oslo"], basis="e: test")
    write_preview(services, "2024-01", out, today=TODAY)
    assert [each.name for each in out.glob("variant-*")] == ["variant-3.html"], "somebody has changed it"
    assert not list(out.glob("frames/*-2.html"))
    assert (out / "note.txt").exists()
    assert strange.exists()
    listed = {line.partition("  ")[2] for line in (out / CONTENTS).read_text("utf-8").splitlines()}
    assert {out / name for name in listed | {CONTENTS, "note.txt", "variant-3.html"}} == {
        each for each in out.rglob("*") if each.is_file()
    }


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
