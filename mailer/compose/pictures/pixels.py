"""The pixels of a picture file as screens show them: upright, in sRGB with 8 bits, transparent where it is."""

from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from io import BytesIO

from PIL import Image as Pillow
from PIL import ImageCms, ImageOps

_GREY = frozenset({"1", "L", "LA", "I;16", "LA;16B"})
_SPACES = {"RGB": "RGB ", "L": "GRAY", "CMYK": "CMYK"}
"""The modes that a profile is applied in, with the name that profiles have for each."""
_HIGH_BYTE = [value >> 8 for value in range(65536)]


class UnknownColoursError(Exception):
    """The profile says that the file holds colours of another kind than red, green, blue, grey or CMYK."""


@dataclass(frozen=True, slots=True)
class Pixels:
    """A picture in RGBA; `is_as_meant` is False where it has a colour profile that could not be applied."""

    picture: Pillow.Image
    is_as_meant: bool = True


def pixels_of(opened: Pillow.Image) -> Pixels:
    """Return the first frame of a file that was just opened; raises `UnknownColoursError`, or what Pillow raises."""
    raw_mode = _raw_mode(opened)
    _scale_transparent_colour(opened, raw_mode)
    upright = ImageOps.exif_transpose(opened)
    opaque, alpha = _without_alpha(upright, is_grey=opened.mode in _GREY or raw_mode in _GREY)
    profile = opened.info.get("icc_profile")
    shown = _in_srgb(opaque, profile) if profile else opaque.convert("RGB")
    rgba = (shown or opaque).convert("RGBA")
    if alpha:
        rgba.putalpha(alpha)
    return Pixels(rgba, is_as_meant=shown is not None)


def _raw_mode(opened: Pillow.Image) -> str:
    """Return how the file holds its pixels, which its mode does not tell: `L;4`, `RGB;16B`."""
    tiles = getattr(opened, "tile", ())
    raw_mode = tiles[0].args if tiles else ""
    return raw_mode if isinstance(raw_mode, str) else ""


def _scale_transparent_colour(opened: Pillow.Image, raw_mode: str) -> None:
    """Bring the one transparent colour of a PNG to 8 bits, as its pixels are: Pillow keeps it as the file has it."""
    opened.load()  # which reads what stands behind the pixels
    colour = opened.info.get("transparency")
    if isinstance(colour, int) and raw_mode in {"L;2", "L;4"}:
        opened.info["transparency"] = colour * {"L;2": 85, "L;4": 17}[raw_mode]
    elif isinstance(colour, tuple) and raw_mode == "RGB;16B":
        opened.info["transparency"] = tuple(value >> 8 for value in colour)


def _without_alpha(picture: Pillow.Image, *, is_grey: bool) -> tuple[Pillow.Image, Pillow.Image | None]:
    """Return the colours as grey, RGB or CMYK of 8 bits, and how much each pixel covers."""
    if picture.mode == "CMYK":
        return picture, None
    if picture.mode == "I;16":
        return _of_16_bits(picture)
    rgba = picture.convert("RGBA")
    return rgba.getchannel("R") if is_grey else rgba.convert("RGB"), rgba.getchannel("A")


def _of_16_bits(picture: Pillow.Image) -> tuple[Pillow.Image, Pillow.Image | None]:
    """Return grey of 16 bits as 8: Pillow would make white of nearly all of it."""
    wide, transparent = picture.convert("I"), picture.info.get("transparency")
    grey = wide.point(_HIGH_BYTE, "L")
    if transparent is None:
        return grey, None
    covers = [255] * len(_HIGH_BYTE)
    covers[transparent] = 0
    return grey, wide.point(covers, "L")


def _in_srgb(picture: Pillow.Image, profile: bytes) -> Pillow.Image | None:
    """Return the colours that a profile says are meant; None where it is damaged or of another kind of picture."""
    with suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        space = source.profile.xcolor_space
        if space not in _SPACES.values():
            raise UnknownColoursError(space.strip())
        if space == "RGB " and picture.mode == "L":
            picture = picture.convert("RGB")
        if space == _SPACES[picture.mode]:
            return ImageCms.profileToProfile(
                picture,
                source,
                _srgb(),
                renderingIntent=ImageCms.Intent.PERCEPTUAL,
                outputMode="RGB",
                flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
            )
    return None


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
