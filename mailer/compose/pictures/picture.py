"""A picture ready to go out; apart from `images`, so that sending need not load what makes pictures."""

from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture as it goes out; `width` and `height` are those shown, the data has up to twice as many pixels.

    `is_animated` says that the file has more frames than the one that goes out; `is_as_meant` is False where its colour
    profile could not be applied.
    """

    media_type: str
    data: bytes
    width: int
    height: int
    is_animated: bool = False
    is_as_meant: bool = True

    @property
    def cid(self) -> str:
        """Return the name of the picture inside a message (RFC 2392)."""
        return f"{sha256(self.data).hexdigest()[:24]}@picture.invalid"

    @property
    def suffix(self) -> str:
        """The end of a file name for it."""
        return "jpg" if self.media_type == "image/jpeg" else "png"
