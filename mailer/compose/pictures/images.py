"""An editor's pictures made ready for readers: decoded and encoded anew, so that only pixels are left of a file."""

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path, PurePosixPath

from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from mailer.catalogue import Message, msg
from mailer.compose.pictures.picture import Picture
from mailer.compose.pictures.pixels import UnknownColoursError, pixels_of
from mailer.compose.text.excerpts import images_of
from mailer.errors import MailerError
from mailer.issue.lint.passages import placed_images_of
from mailer.issue.model import Finding, Image, Issue, Severity
from mailer.rendering.pages import Pages

SHOWN_WIDTH = 520
LOGO_WIDTH, LOGO_HEIGHT = 240, 48
DENSITY = 2
OUTLOOK_CUTS_AT = 1728
"""Pixels of height after which Outlook for Windows, which shows mail by Word, cuts a picture off."""
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
    """Return the issue's pictures by path, and findings about them.

    One that cannot be shown is an error; its description then stands alone.
    """
    prepared = {path: prepare_picture(data) for path, data in issue.images.items()}
    pictures = {path: each for path, each in prepared.items() if isinstance(each, Picture)}
    return pictures, tuple(_findings(issue, prepared))


def read_logo(file: Path) -> Picture:
    """Read the picture for the masthead, at most 48 px high; it keeps its transparency. Raises `MailerError`."""
    try:
        with Pillow.open(file, formats=FORMATS) as opened:
            logo = pixels_of(opened).picture
    except (UnknownColoursError, OSError, SyntaxError, ValueError, Pillow.DecompressionBombError) as error:
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
    owners = {image.path: item.slug for item in issue.items for image in images_of(item)}
    address = {path: pages.item(issue.slug, item) for path, item in owners.items()}
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
    """Decode a file and encode its first frame anew: upright, in sRGB, on white, without metadata, 1040 px wide."""
    try:
        with Pillow.open(BytesIO(data), formats=FORMATS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                return _TOO_LARGE
            return _prepared(opened)
    except UnknownColoursError as error:
        return _of_unknown_colours(str(error))
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


def _of_unknown_colours(space: str) -> UnusablePicture:
    return UnusablePicture(
        lambda path: msg("findings.picture-colour-space", path=path, space=space), msg("findings.picture-save-as-srgb")
    )


def _prepared(opened: Pillow.Image) -> Picture:
    is_photo = opened.format in {"JPEG", "MPO"}  # a JPEG with more pictures in it, as telephones make them
    pixels = pixels_of(opened)
    width = min(SHOWN_WIDTH, pixels.picture.width)
    height = max(1, round(pixels.picture.height * width / pixels.picture.width))
    media_type, data = _encoded(_flat(pixels.picture, shown_height=height), photo=is_photo)
    return Picture(
        media_type=media_type,
        data=data,
        width=width,
        height=height,
        is_animated=not is_photo and getattr(opened, "is_animated", False),
        is_as_meant=pixels.is_as_meant,
    )


def _flat(shown: Pillow.Image, *, shown_height: int) -> Pillow.Image:
    """Return the picture without transparency: a black diagram must not vanish on a dark ground.

    It has twice as many pixels as are shown, or fewer where Outlook would cut it off for their number.
    """
    fits = shown_height <= OUTLOOK_CUTS_AT
    shown.thumbnail((SHOWN_WIDTH * DENSITY, OUTLOOK_CUTS_AT if fits else shown.height), Pillow.Resampling.LANCZOS)
    ground = Pillow.new("RGBA", shown.size, _WHITE)
    return Pillow.alpha_composite(ground, shown).convert("RGB")


def _encoded(picture: Pillow.Image, *, photo: bool) -> tuple[str, bytes]:
    """Return media type and data. Drawings stay sharp as PNG, unless they are photographs after all."""
    jpeg = _bytes(picture, "JPEG", quality=JPEG_QUALITY, progressive=True)
    png = b"" if photo else _bytes(picture, "PNG")
    return ("image/png", png) if png and len(png) <= 2 * len(jpeg) else ("image/jpeg", jpeg)


def _bytes(picture: Pillow.Image, kind: str, **options: object) -> bytes:
    stream = BytesIO()
    picture.save(stream, format=kind, optimize=True, **options)
    return stream.getvalue()


def _findings(issue: Issue, prepared: Mapping[str, Picture | UnusablePicture]) -> Iterable[Finding]:
    """Yield findings about pictures at the first place that uses each: an editor can change that."""
    places = {image.path: (file, image.line) for file, image in reversed([*placed_images_of(issue)])}
    for path, found in prepared.items():
        file, line = places.get(path, ("", 0))
        for severity, rule, message, hint in _faults(path, found):
            yield Finding(
                severity=severity,
                rule=rule,
                message=message,
                file=file or path,
                line=line,
                words=PurePosixPath(path).name,
                hint=hint,
            )


def _faults(path: str, found: Picture | UnusablePicture) -> Iterable[tuple[Severity, str, Message, Message]]:
    if isinstance(found, UnusablePicture):
        yield Severity.ERROR, "picture", found.message_of(path), found.hint
        return
    if found.height > OUTLOOK_CUTS_AT:
        message = msg("findings.picture-height", path=path, height=found.height, most=OUTLOOK_CUTS_AT)
        yield Severity.WARNING, "picture-height", message, msg("findings.picture-height-hint")
    if found.is_animated:
        message, hint = msg("findings.picture-animated", path=path), msg("findings.picture-animated-hint")
        yield Severity.WARNING, "picture-animated", message, hint
    if not found.is_as_meant:
        message, hint = msg("findings.picture-colours", path=path), msg("findings.picture-save-as-srgb")
        yield Severity.WARNING, "picture-colours", message, hint
