"""Pictures as readers get them: scaled, upright, light and harmless, each a `picture` that a message carries."""

import re
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from mailer.compose.composed import VariantKey
from mailer.compose.mail.composer import Composer
from mailer.compose.pictures.images import (
    UnusablePicture,
    data_address,
    linked_to,
    prepare_picture,
    prepare_pictures,
    read_logo,
    with_pictures,
)
from mailer.compose.pictures.picture import Picture
from mailer.compose.publication import Publication
from mailer.compose.theme import Theme
from mailer.compose.webpage import compose_webpage
from mailer.errors import MailerError
from mailer.issue.model import Image, Issue, Item, Section, Severity
from mailer.rendering.pages import Pages
from mailer.rendering.templates import Templates
from tests.compose.picture_files import ADOBE_RGB, profile, rgb_profile

PATH = "images/kart.png"


def drawn(width: int, height: int, kind: str = "PNG", **options: object) -> bytes:
    stream = BytesIO()
    Pillow.linear_gradient("L").resize((width, height)).convert("RGB").save(stream, kind, **options)
    return stream.getvalue()


def prepared(data: bytes) -> Picture:
    picture = prepare_picture(data)
    assert isinstance(picture, Picture)
    return picture


def opened(data: bytes) -> Pillow.Image:
    return Pillow.open(BytesIO(data))


@pytest.fixture
def illustrated(small_issue: Issue, make_item: Callable[..., Item]) -> Issue:
    """An issue whose only item has a picture."""
    item = make_item(1, image=Image(PATH, "Kart over Noreg", "Foto: Kari"))
    return replace(small_issue, sections=(Section(id="", items=(item,)),), images={PATH: drawn(1200, 600)})


def test_a_wide_picture_is_shown_520_wide_with_twice_as_many_pixels() -> None:
    picture = prepared(drawn(3000, 1500))
    assert (picture.width, picture.height) == (520, 260)
    assert opened(picture.data).size == (1040, 520)


def test_a_small_picture_is_not_enlarged() -> None:
    picture = prepared(drawn(200, 100))
    assert (picture.width, picture.height) == (200, 100)
    assert opened(picture.data).size == (200, 100)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_the_common_kinds_come_out_as_png_or_jpeg(kind: str) -> None:
    picture = prepared(drawn(40, 30, kind))
    assert opened(picture.data).format == {"image/png": "PNG", "image/jpeg": "JPEG"}[picture.media_type]


def test_what_a_camera_wrote_beside_the_picture_is_gone_and_the_picture_upright() -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    exif[0x010E] = "Kari Nordmanns kontor"
    data = drawn(80, 40, "JPEG", exif=exif.tobytes(), comment=b"Kari Nordmann")
    assert b"Nordmann" in data
    picture = prepared(data)
    assert b"Nordmann" not in picture.data
    assert opened(picture.data).getexif() == {}
    assert (picture.width, picture.height) == (40, 80)


def test_transparent_ground_becomes_white() -> None:
    stream = BytesIO()
    Pillow.new("RGBA", (10, 10), (0, 0, 0, 0)).save(stream, "PNG")
    assert opened(prepared(stream.getvalue()).data).convert("RGB").getpixel((5, 5)) == (255, 255, 255)


def test_a_photograph_saved_as_png_goes_out_as_jpeg() -> None:
    stream = BytesIO()
    Pillow.effect_noise((300, 300), 90).convert("RGB").save(stream, "PNG")
    assert prepared(stream.getvalue()).media_type == "image/jpeg"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "is no PNG"),
        (b"", "is no PNG"),
        (drawn(400, 400)[:800], "is damaged"),
        (drawn(8000, 6000), "40 million pixels"),
        (drawn(14_000, 14_000, "GIF"), "40 million pixels"),
    ],
)
def test_what_cannot_be_shown_is_said(data: bytes, message: str) -> None:
    found = prepare_picture(data)
    assert isinstance(found, UnusablePicture)
    assert message in found.message_of(PATH)


@given(st.binary(max_size=200), st.integers(0, 300), st.sampled_from(["PNG", "JPEG", "GIF", "WEBP"]))
def test_no_damage_raises(noise: bytes, place: int, kind: str) -> None:
    data = drawn(30, 20, kind)
    assert isinstance(prepare_picture(data[:place] + noise + data[place + len(noise) :]), Picture | UnusablePicture)


def test_an_unusable_picture_is_an_error_that_names_its_file(illustrated: Issue) -> None:
    pictures, (finding,) = prepare_pictures(replace(illustrated, images={PATH: b"GIF89a"}))
    assert pictures == {}
    assert (finding.severity, finding.file) == (Severity.ERROR, PATH)


def moving(kind: str) -> bytes:
    stream, frames = BytesIO(), [Pillow.new("RGB", (20, 20), colour) for colour in ("red", "blue", "green")]
    frames[0].save(stream, kind, save_all=True, append_images=frames[1:], duration=100)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_a_picture_that_moves_shows_its_first_frame_and_is_named(illustrated: Issue, kind: str) -> None:
    pictures, (finding,) = prepare_pictures(replace(illustrated, images={PATH: moving(kind)}))
    red = opened(pictures[PATH].data).convert("RGB").getpixel((10, 10))
    assert isinstance(red, tuple)
    assert red[0] > 240
    assert max(red[1:]) < 12
    assert (finding.severity, finding.rule, finding.file) == (Severity.WARNING, "picture-animated", PATH)
    assert finding.message == f"the picture {PATH} moves; readers see only its first frame"
    assert "first frame" not in finding.hint
    assert "link to it" in finding.hint


def test_a_photograph_with_more_pictures_in_it_does_not_move(illustrated: Issue) -> None:
    """Telephones write such files (MPO), with a smaller picture or another light behind the first."""
    pictures, findings = prepare_pictures(replace(illustrated, images={PATH: moving("MPO")}))
    assert findings == ()
    assert pictures[PATH].media_type == "image/jpeg"


def test_a_picture_that_outlook_would_cut_off_is_named(illustrated: Issue) -> None:
    _, (finding,) = prepare_pictures(replace(illustrated, images={PATH: drawn(400, 6000)}))
    assert (finding.severity, finding.rule, finding.words) == (Severity.WARNING, "picture-height", "kart.png")
    space = "\N{NO-BREAK SPACE}"
    said = f"is shown 6{space}000 pixels high; Outlook for Windows cuts it off at 1{space}728"
    assert said in finding.message
    assert finding.hint == "Cut it into several pictures, one below the other."


@pytest.mark.parametrize(("size", "shown", "data"), [((520, 1728), 1728, 1728), ((1040, 3456), 1728, 1728)])
def test_a_high_picture_has_no_more_pixels_than_outlook_shows(
    illustrated: Issue, size: tuple[int, int], shown: int, data: int
) -> None:
    pictures, findings = prepare_pictures(replace(illustrated, images={PATH: drawn(*size)}))
    assert findings == ()
    assert (pictures[PATH].width, pictures[PATH].height) == (520, shown)
    assert opened(pictures[PATH].data).height == data


def test_a_picture_that_is_too_high_keeps_all_its_pixels() -> None:
    assert prepared(drawn(520, 1729)).height == opened(prepared(drawn(520, 1729)).data).height == 1729


def test_a_colour_profile_that_cannot_be_used_is_named(illustrated: Issue) -> None:
    _, (finding,) = prepare_pictures(replace(illustrated, images={PATH: drawn(9, 9, icc_profile=b"no profile")}))
    assert (finding.severity, finding.rule) == (Severity.WARNING, "picture-colours")
    assert finding.message == f"the colour profile of the picture {PATH} cannot be used; its colours may differ"
    assert "in RGB with the profile sRGB" in finding.hint


def test_colours_that_no_screen_shows_are_refused_in_words(illustrated: Issue, tmp_path: Path) -> None:
    data = drawn(9, 9, icc_profile=profile(b"Lab ", {"wtpt": bytes(20)}, device=b"spac"))
    pictures, (finding,) = prepare_pictures(replace(illustrated, images={PATH: data}))
    assert pictures == {}
    assert (finding.severity, finding.rule) == (Severity.ERROR, "picture")
    assert finding.message == f"the picture {PATH} holds its colours as Lab, which no screen shows"
    assert "in RGB with the profile sRGB" in finding.hint
    (tmp_path / "logo.png").write_bytes(data)
    with pytest.raises(MailerError, match="the logo cannot be read"):
        read_logo(tmp_path / "logo.png")


def test_what_goes_out_is_in_srgb_on_white_and_without_a_profile(illustrated: Issue) -> None:
    stream = BytesIO()
    Pillow.new("RGB", (40, 40), (180, 60, 40)).save(stream, "PNG", icc_profile=rgb_profile(ADOBE_RGB, 563 / 256))
    pictures, findings = prepare_pictures(replace(illustrated, images={PATH: stream.getvalue()}))
    assert findings == ()
    sent = opened(pictures[PATH].data)
    assert "icc_profile" not in sent.info
    assert sent.convert("RGB").getpixel((20, 20)) in {(208, 57, 34), (208, 57, 33), (208, 57, 35)}


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
@pytest.mark.parametrize("ending", ["png", "jpg", "gif", "webp"])
def test_the_ending_of_a_name_need_not_say_what_the_file_is(illustrated: Issue, kind: str, ending: str) -> None:
    path = f"images/kart.{ending}"
    pictures, findings = prepare_pictures(replace(illustrated, images={path: drawn(40, 30, kind)}))
    assert findings == ()
    assert (pictures[path].width, pictures[path].height) == (40, 30)


def test_the_mail_shows_a_picture_that_the_message_is_to_carry(composer: Composer, illustrated: Issue) -> None:
    composed = composer.compose(illustrated, VariantKey(lang="nn"))
    (picture,) = composed.images
    assert f'src="cid:{picture.cid}"' in composed.html
    assert 'alt="Kart over Noreg"' in composed.html
    shown = with_pictures(composed.html, composed.images)
    assert "cid:" not in shown
    assert f'src="{data_address(picture)}"' in shown
    assert "Foto: Kari" in composed.html


def test_a_mail_may_name_the_page_instead_of_carrying_the_picture(
    templates: Templates, publication: Publication, illustrated: Issue
) -> None:
    linked = Composer(templates, theme=Theme(), publication=replace(publication, pictures="linked"))
    composed = linked.compose(illustrated, VariantKey(lang="nn"))
    assert composed.images == ()
    assert "<img" not in composed.html
    assert 'href="https://nyhetsbrev.example/2023-12#om-sak-1"' in composed.html


def test_a_picture_of_the_introduction_is_seen_on_the_page_of_the_issue(small_issue: Issue) -> None:
    source_of = linked_to(Pages("https://nyhetsbrev.example"), small_issue)
    assert source_of(Image("images/intro.png", "")) == {"href": "https://nyhetsbrev.example/2023-12"}


def test_the_web_page_carries_its_pictures_itself(
    templates: Templates, publication: Publication, illustrated: Issue
) -> None:
    page = compose_webpage(illustrated, templates=templates, theme=Theme(), publication=publication)
    assert '<img src="data:image/png;base64,' in page
    assert "<figcaption>Foto: Kari</figcaption>" in page


def test_the_introduction_shows_its_picture_in_mail_and_page(
    composer: Composer, templates: Templates, publication: Publication, illustrated: Issue
) -> None:
    issue = replace(illustrated, intro=(Image(PATH, "Kart over Noreg"),), sections=())
    composed = composer.compose(issue, VariantKey(lang="nn"))
    assert [f"cid:{each.cid}" in composed.html for each in composed.images] == [True]
    page = compose_webpage(issue, templates=templates, theme=Theme(), publication=publication)
    assert page.count('<img src="data:image/png;base64,') == 1


@pytest.fixture
def logo(tmp_path: Path) -> Picture:
    stream = BytesIO()
    Pillow.new("RGBA", (400, 100), (255, 255, 255, 0)).save(stream, "PNG")
    (tmp_path / "logo.png").write_bytes(stream.getvalue())
    return read_logo(tmp_path / "logo.png")


def test_a_logo_is_at_most_48_high_and_keeps_its_transparency(logo: Picture) -> None:
    assert (logo.width, logo.height) == (192, 48)
    assert opened(logo.data).mode == "RGBA"


def test_a_logo_stands_for_the_publisher_in_mail_and_page(
    templates: Templates, publication: Publication, small_issue: Issue, logo: Picture
) -> None:
    theme = Theme(logo=logo)
    composed = Composer(templates, theme=theme, publication=publication).compose(small_issue, VariantKey(lang="nn"))
    assert composed.images == (logo,)
    assert re.search(f'<img[^>]*src="cid:{logo.cid}"[^>]*alt="Helsedirektoratet"', composed.html)
    page = compose_webpage(small_issue, templates=templates, theme=theme, publication=publication)
    assert 'height="48" alt="Helsedirektoratet">' in page


def test_a_logo_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_text("<svg/>", "utf-8")
    for name in ("logo.png", "gone.png"):
        with pytest.raises(MailerError, match="the logo cannot be read") as caught:
            read_logo(tmp_path / name)
        assert caught.value.where == str(tmp_path / name)
