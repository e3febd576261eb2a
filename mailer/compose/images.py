"""An editor's pictures made ready for readers: decoded and encoded anew, so that only pixels are left of a file."""

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path, PurePosixPath

from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError

from mailer.catalogue import Message, msg
from mailer.compose.excerpts import images_of
from mailer.compose.picture import Picture
from mailer.errors import MailerError
from mailer.issue.model import Finding, Image, Issue, Severity
from mailer.issue.passages import placed_images_of
from mailer.rendering.pages import Pages

SHOWN_WIDTH = 520
LOGO_WIDTH, LOGO_HEIGHT = 240, 48
DENSITY = 2
MOST_PIXELS = 40_000_000
FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
JPEG_QUALITY = 82
_WHITE = (255, 255, 255, 255)


SourceOf = Callable[[Image], dict[str, object]]


@dataclass(frozen=True, slots=True)
class UnusablePicture:
    """The reason why a file is no picture that can be shown, said of its path, and what the editor may do."""

    message_of: Callable[[str], Message]
    hint: Message


def prepare_pictures(issue: Issue) -> tuple[Mapping[str, Picture], tuple[Finding, ...]]:
    """The issue's pictures by path, and an error for each that cannot be shown; its description then stands alone."""
    prepared = {path: prepare_picture(data) for path, data in issue.images.items()}
    pictures = {path: each for path, each in prepared.items() if isinstance(each, Picture)}
    return pictures, tuple(_findings(issue, prepared))


def read_logo(file: Path) -> Picture:
    """Read the picture for the masthead, at most 48 px high; it keeps its transparency. Raises `MailerError`."""
    try:
        with Pillow.open(file, formats=FORMATS) as opened:
            logo = ImageOps.exif_transpose(opened).convert("RGBA")
    except (OSError, SyntaxError, ValueError, Pillow.DecompressionBombError) as error:
        raise MailerError(
            msg("findings.logo-unreadable"),
            where=str(file),
            hint=msg("findings.logo-hint"),
        ) from error
    logo.thumbnail((LOGO_WIDTH * DENSITY, LOGO_HEIGHT * DENSITY), Pillow.Resampling.LANCZOS)
    width, height = (max(1, round(side / DENSITY)) for side in logo.size)
    return Picture(media_type="image/png", data=_bytes(logo, "PNG"), width=width, height=height)


def embedded_in_message(pictures: Mapping[str, Picture]) -> SourceOf:
    """Return the attributes of an `img` whose data lies in the same message."""
    return lambda image: _attributes(pictures.get(image.path), lambda picture: f"cid:{picture.cid}")


def embedded_in_page(pictures: Mapping[str, Picture]) -> SourceOf:
    """Return the attributes of an `img` that carries its data itself."""
    return lambda image: _attributes(pictures.get(image.path), data_address)


def linked_to(pages: Pages, issue: Issue) -> SourceOf:
    """The address of the web page where a picture is to be seen, for mail that carries none."""
    owners = {image.path: item.number for item in issue.items for image in images_of(item)}
    address = {path: pages.item(issue.slug, number) for path, number in owners.items()}
    return lambda image: {"href": address.get(image.path, pages.issue(issue.slug))}


def with_pictures(html: str, pictures: Iterable[Picture]) -> str:
    """A mail's HTML as a mail program shows it: each picture of the message where its `cid:` stands."""
    for picture in pictures:
        html = html.replace(f"cid:{picture.cid}", data_address(picture))
    return html


def _attributes(picture: Picture | None, address_of: Callable[[Picture], str]) -> dict[str, object]:
    if picture is None:
        return {}
    return {"src": address_of(picture), "width": picture.width, "height": picture.height}


def data_address(picture: Picture) -> str:
    """A picture as an address that holds it (RFC 2397)."""
    return f"data:{picture.media_type};base64,{b64encode(picture.data).decode()}"


@lru_cache(maxsize=64)
def prepare_picture(data: bytes) -> Picture | UnusablePicture:
    """Decode a file and encode its first frame anew: upright, on white, without metadata, at most 1040 px wide."""
    try:
        with Pillow.open(BytesIO(data), formats=FORMATS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                return _TOO_LARGE
            return _encoded(_flat(ImageOps.exif_transpose(opened)), photo=opened.format == "JPEG")
    except UnidentifiedImageError:
        return _UNKNOWN
    except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning):
        return _TOO_LARGE
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError):  # what Pillow raises for damaged files
        return _DAMAGED


_HINT = msg("findings.picture-save-anew")
_UNKNOWN = UnusablePicture(lambda path: msg("findings.picture-unknown", path=path), _HINT)
_DAMAGED = UnusablePicture(lambda path: msg("findings.picture-damaged", path=path), _HINT)
_TOO_LARGE = UnusablePicture(
    lambda path: msg("findings.picture-too-large", path=path), msg("findings.picture-make-smaller")
)


def _flat(picture: Pillow.Image) -> Pillow.Image:
    """Return the picture without transparency: a black diagram must not vanish on a dark ground."""
    shown = picture.convert("RGBA")
    shown.thumbnail((SHOWN_WIDTH * DENSITY, shown.height), Pillow.Resampling.LANCZOS)
    ground = Pillow.new("RGBA", shown.size, _WHITE)
    return Pillow.alpha_composite(ground, shown).convert("RGB")


def _encoded(picture: Pillow.Image, *, photo: bool) -> Picture:
    jpeg = _bytes(picture, "JPEG", quality=JPEG_QUALITY, progressive=True)
    png = b"" if photo else _bytes(picture, "PNG")
    # Drawings stay sharp as PNG, unless they are photographs after all.
    is_png = bool(png) and len(png) <= 2 * len(jpeg)
    width = min(SHOWN_WIDTH, picture.width)
    return Picture(
        media_type="image/png" if is_png else "image/jpeg",
        data=png if is_png else jpeg,
        width=width,
        height=max(1, round(picture.height * width / picture.width)),
    )


def _bytes(picture: Pillow.Image, kind: str, **options: object) -> bytes:
    stream = BytesIO()
    picture.save(stream, format=kind, optimize=True, **options)
    return stream.getvalue()


def _findings(issue: Issue, prepared: Mapping[str, Picture | UnusablePicture]) -> Iterable[Finding]:
    """An error for each that cannot be shown, at the first place that uses it: that is what an editor can change."""
    places = {image.path: (file, image.line) for file, image in reversed([*placed_images_of(issue)])}
    for path, found in prepared.items():
        if isinstance(found, UnusablePicture):
            file, line = places.get(path, ("", 0))
            yield Finding(
                severity=Severity.ERROR,
                rule="picture",
                message=found.message_of(path),
                file=file or path,
                line=line,
                words=PurePosixPath(path).name,
                hint=found.hint,
            )
