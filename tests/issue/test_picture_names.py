"""Names of pictures: however programs write them, the picture is found, or the nearest one named."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal
from unicodedata import normalize

import pytest

from mailer.issue.markdown.picture_names import find_picture, suggest_picture
from mailer.issue.model import Image
from mailer.issue.source import IssueReading, picture_files, read_issue

Form = Literal["NFC", "NFD"]
FORMS: tuple[Form, ...] = ("NFC", "NFD")
IMAGES = ("images/kart.png", "images/mitt kart.png", "images/k\u00e5r.png", "images/100%.png", "images/kl.\u202f9.jpg")


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("images/kart.png", "images/kart.png"),
        ("./images/kart.png", "images/kart.png"),
        ("../images/kart.png", "images/kart.png"),
        ("/images/kart.png", "images/kart.png"),
        ("images\\kart.png", "images/kart.png"),
        ("..\\images\\kart.png", "images/kart.png"),
        ("kart.png", "images/kart.png"),
        ("./kart.png", "images/kart.png"),
        ("images/mitt kart.png", "images/mitt kart.png"),
        ("images/mitt%20kart.png", "images/mitt kart.png"),
        ("mitt%20kart.png", "images/mitt kart.png"),
        ("images/k\u00e5r.png", "images/k\u00e5r.png"),
        ("images/ka\u030ar.png", "images/k\u00e5r.png"),
        ("images/k%C3%A5r.png", "images/k\u00e5r.png"),
        ("images/ka%CC%8Ar.png", "images/k\u00e5r.png"),
        ("images/100%.png", "images/100%.png"),
        ("images/100%25.png", "images/100%.png"),
        ("images/kl. 9.jpg", "images/kl.\u202f9.jpg"),
    ],
)
def test_a_picture_is_found_however_its_name_is_written(written: str, path: str) -> None:
    found = find_picture(written, IMAGES)
    assert (found.path, found.problem) == (path, "")


def test_the_name_as_written_comes_before_the_one_that_it_may_stand_for() -> None:
    assert find_picture("images/a%20b.png", ("images/a b.png", "images/a%20b.png")).path == "images/a%20b.png"


@pytest.mark.parametrize(
    ("written", "problem", "near"),
    [
        ("images/Kart.PNG", "is not there", "images/kart.png"),
        ("Kart.png", "is not there", "images/kart.png"),
        ("images/kart.jpg", "is not there", "images/kart.png"),
        ("images/krat.png", "is not there", "images/kart.png"),
        ("images/2024/kart.png", "is not there", "images/kart.png"),
        ("images/KA\u030aR.png", "is not there", "images/k\u00e5r.png"),
        ("images/zzz.png", "is not there", ""),
        ("images/kart.heic", "of a kind that mail programs do not show", "images/kart.png"),
        ("images/../kart.png", "outside the issue's images folder", "images/kart.png"),
        ("https://a.example/kart.png", "outside the issue's images folder", "images/kart.png"),
        ("C:\\kart.png", "outside the issue's images folder", "images/kart.png"),
    ],
)
def test_a_picture_that_is_not_found_says_why_and_which_is_near(written: str, problem: str, near: str) -> None:
    found = find_picture(written, IMAGES)
    assert found.path == ""
    assert problem in found.problem
    assert suggest_picture(written, IMAGES) == near


def test_only_files_that_can_be_shown_are_found_and_named() -> None:
    assert find_picture("images/kart.svg", ("images/kart.svg",)).problem
    assert suggest_picture("images/kart.png", ("images/kart.svg", "images/kart.txt")) == ""
    assert find_picture("kart.png", ("kart.png",)).problem


@pytest.mark.parametrize("form_on_disk", FORMS)
@pytest.mark.parametrize("form_in_text", FORMS)
@pytest.mark.parametrize("place", ["text", "fact"])
def test_a_name_from_a_mac_is_the_same_name(
    write_issue: Callable[..., Path], form_on_disk: Form, form_in_text: Form, place: str
) -> None:
    on_disk, in_text = (normalize(each, "k\u00e5r-\u00e9-\u00f6.png") for each in (form_on_disk, form_in_text))
    fact = f"image = {{ file = '{in_text}', alt = 'Kor' }}\n" if place == "fact" else ""
    text = "Tekst." if place == "fact" else f"![Kor](images/{in_text})"
    folder = write_issue({"items/010-mote.md": f"+++\ntitle = 'A'\n{fact}+++\n{text}\n", f"images/{on_disk}": b"png"})
    reading = read_issue(folder, helsefellesskap=[], publisher="x")
    assert reading.issue is not None
    (item,) = reading.issue.items
    shown = item.image if place == "fact" else item.body[0]
    path = "images/k\u00e5r-\u00e9-\u00f6.png"
    assert isinstance(shown, Image)
    assert (shown.path, reading.issue.images) == (path, {path: b"png"})


def test_of_two_names_that_look_alike_the_one_as_texts_have_it_counts(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for form in FORMS:
        (tmp_path / "images" / normalize(form, "k\u00e5r.png")).write_text(form, "utf-8")
    files = picture_files(tmp_path)
    assert list(files) == ["images/k\u00e5r.png"]
    assert files["images/k\u00e5r.png"].read_text("utf-8") in {"NFC", "NFD"}
    if len(list((tmp_path / "images").iterdir())) == 2:
        assert files["images/k\u00e5r.png"].read_text("utf-8") == "NFC"


@pytest.mark.parametrize(
    ("facts", "text", "line", "hint"),
    [
        ("", "![Kart](images/kart.PNG)", 5, "Did you mean images/Kart.png?"),
        ("", "![Kart](images/mit%20kart.png)", 5, "Did you mean images/mitt%20kart.png?"),
        ("image = { file = 'mit kart.png', alt = 'x' }", "Tekst.", 3, "Did you mean images/mitt kart.png?"),
        ("", "![Kart](images/zzz.png)", 5, "Put the picture into the issue's images folder and write"),
        ("image = { file = 'zzz.png', alt = 'x' }", "Tekst.", 3, "Put the picture into the issue's images folder."),
        ("", "![Kart](mitt kart.png)", 5, "Write %20 for each space"),
        ("", "![Kart](./images/mitt kart.png)", 5, "Write %20 for each space"),
    ],
)
def test_a_wrong_name_is_told_at_its_place_with_what_to_write(
    read_files: Callable[..., IssueReading], facts: str, text: str, line: int, hint: str
) -> None:
    item = f"+++\ntitle = 'A'\n{facts}\n+++\n{text}\n"
    reading = read_files({"items/010-mote.md": item, "images/Kart.png": b"x", "images/mitt kart.png": b"x"})
    (finding,) = reading.findings
    assert (finding.rule, finding.file, finding.line) == ("image", "items/010-mote.md", line)
    assert finding.hint.startswith(hint)
