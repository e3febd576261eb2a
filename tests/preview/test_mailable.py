"""The one file for an approver: what is in it, what is not, how large it may be, and whose files it leaves alone."""

import base64
import re
from collections.abc import Callable
from datetime import date
from html import unescape
from pathlib import Path

import pytest
from PIL import Image

from mailer.bootstrap import Services
from mailer.errors import MailerError
from mailer.preview.mailable import MOST_BYTES, mailable_file
from mailer.preview.static import write_preview

TODAY = date(2024, 1, 15)
SLUG = "2024-01"
OF_DEVELOPERS = ("MJML", "mjml", "List-Unsubscribe", "Hodefelt", "Rådata", "items/010", '<code class="rule">')


@pytest.fixture
def write(services: Services, tmp_path: Path) -> Callable[[], str]:
    """Write the preview and return what stands in the one file."""

    def written() -> str:
        write_preview(services, SLUG, tmp_path / "out", today=TODAY)
        return (tmp_path / "out.html").read_text("utf-8")

    return written


def frames_in(page: str) -> dict[str, list[str]]:
    """The contents of the frames by their title."""
    found: dict[str, list[str]] = {}
    for title, content in re.findall(r'<iframe title="([^"]*)"[^>]* srcdoc="([^"]*)"', page):
        found.setdefault(unescape(title), []).append(unescape(content))
    return found


def test_it_has_the_mail_of_each_variant_light_and_dark_the_web_version_the_text_and_the_pdf(
    write: Callable[[], str], tmp_path: Path
) -> None:
    page = write()
    frames = frames_in(page)
    assert set(frames) == {
        "E-posten: Ingen liste i utgaven · Bokmål",
        "E-posten: Agder · Bokmål",
        "E-posten: Ingen liste i utgaven · Nynorsk",
        "E-posten: Agder · Nynorsk",
        "Nettsiden",
    }
    for title, contents in frames.items():
        assert all('<head><base href="about:srcdoc">' in each for each in contents)
        assert all("Samling i Agder" in each for each in contents)
        if title != "Nettsiden":
            light, dark = contents
            assert ("@media not all" in light, "@media all" in dark) == (True, True)
            assert ("Ditt helsefellesskap" in light) == ("Agder" in title)
    text = (tmp_path / "out" / "issue.txt").read_text("utf-8")
    assert text in unescape(page)
    pdf = re.search(r'<a href="data:application/pdf;base64,([^"]*)" download="2024-01.pdf">PDF \(\d+\skB\)</a>', page)
    assert pdf
    assert base64.b64decode(pdf[1]) == (tmp_path / "out" / "issue.pdf").read_bytes()


def test_nothing_runs_is_fetched_or_is_for_developers(write: Callable[[], str]) -> None:
    page = write()
    assert not any(each in page for each in OF_DEVELOPERS)
    assert "<script" not in page
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'"
    assert f'<meta http-equiv="Content-Security-Policy" content="{policy}">' in page
    around = re.sub(r'srcdoc="[^"]*"', "", page)
    assert all(each.startswith(("#", "data:")) for each in re.findall(r'(?:href|src)="([^"]*)', around))
    assert all("sandbox" in each and "allow-scripts" not in each for each in re.findall(r"<iframe[^>]*", around))


def test_what_stands_in_the_issue_cannot_leave_its_frame(write: Callable[[], str], item: Path) -> None:
    item.write_text(item.read_text("utf-8").replace("Vi møtes", '"onload="x" &amp;quot; &lt;b'), encoding="utf-8")
    page = write()
    assert 'onload="x' not in page
    assert "onload=&#34;x&#34; &amp;quot; &lt;b" in frames_in(page)["Nettsiden"][0]


@pytest.mark.slow
def test_a_second_version_says_what_changed(write: Callable[[], str], item: Path) -> None:
    assert "Hva som er endret" not in write()
    item.write_text(item.read_text("utf-8").replace("Vi møtes", "Vi treffes"), encoding="utf-8")
    page = write()
    assert '<li><a href="#changes">Hva som er endret</a></li>' in page
    assert re.search(r"<del>møtes\s*</del>\s*<ins>treffes\s*</ins>", page)
    assert "Ingen ord er endret" not in page


@pytest.mark.slow
def test_its_pictures_are_inside(write: Callable[[], str], item: Path) -> None:
    _draw(item, 40)
    frames = frames_in(write())
    assert all("<img" in each and "cid:" not in each for contents in frames.values() for each in contents)
    assert all('src="data:image/' in each for contents in frames.values() for each in contents)


@pytest.mark.slow
def test_as_many_variants_as_there_is_room_for_are_in_it_and_it_says_how_many_are_not(
    write: Callable[[], str], item: Path
) -> None:
    assert "varianter til ligger i mappen" not in write()
    _draw(item, 400)
    page = write()
    assert 1_000_000 < len(page.encode()) <= MOST_BYTES == 3_000_000
    shown = len(frames_in(page)) - 1
    assert 1 <= shown < 4
    left_out = 4 - shown
    assert f"{left_out} variant{'er' if left_out > 1 else ''} til ligger i mappen" in page


def _draw(item: Path, side: int) -> None:
    """A picture that no format makes small."""
    folder = item.parents[1] / "images"
    folder.mkdir()
    Image.effect_noise((side, side), 200).convert("RGB").save(folder / "kart.png")
    item.write_text(item.read_text("utf-8") + "\n![Kart](images/kart.png)\n", encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["nb", "nn", "en"])
def test_it_speaks_the_language_of_the_interface(lang: str, services: Services, tmp_path: Path) -> None:
    services.environ = {"LANG": {"nb": "nb_NO", "nn": "nn_NO", "en": "en_GB"}[lang] + ".UTF-8"}
    write_preview(services, SLUG, tmp_path / "out", today=TODAY)
    page = (tmp_path / "out.html").read_text("utf-8")
    title = {"nb": "Til godkjenning", "nn": "Til godkjenning", "en": "For approval"}[lang]
    links = {"nb": "virker først når", "nn": "verkar først når", "en": "work once the issue is sent"}[lang]
    assert f'<html lang="{lang}">' in page
    assert f"<h1>{title}</h1>" in page
    assert links in page


@pytest.mark.slow
def test_a_file_of_somebody_else_stays_and_an_earlier_version_is_written_over(
    services: Services, tmp_path: Path, write: Callable[[], str]
) -> None:
    file = tmp_path / "out.html"
    file.write_text("<p>Mitt.</p>", encoding="utf-8")
    with pytest.raises(MailerError) as caught:
        write_preview(services, SLUG, tmp_path / "out", today=TODAY)
    assert (caught.value.what, caught.value.where) == (
        "a file of this name is there, which mailer did not write",
        str(file),
    )
    assert caught.value.hint == "Name another folder with -o."
    assert file.read_text("utf-8") == "<p>Mitt.</p>"
    assert not (tmp_path / "out").exists()
    file.unlink()
    write()
    assert "Til godkjenning" in write()
    file.unlink()
    file.mkdir()
    with pytest.raises(MailerError):
        mailable_file(tmp_path / "out")


def test_it_lies_beside_the_folder_however_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    assert mailable_file(Path()) == mailable_file(Path("../a/")) == tmp_path / "a.html"
    assert mailable_file(Path("2024.01")) == tmp_path / "a" / "2024.01.html"
