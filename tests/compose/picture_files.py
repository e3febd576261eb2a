"""Makes picture files and colour profiles byte by byte, so that what comes of them is known without a library."""

import struct
import zlib
from collections.abc import Sequence

Colour = tuple[float, float, float]

ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
DISPLAY_P3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
"""XYZ of red, green and blue for the white of D50, as these profiles have them."""
_XYZ_TO_SRGB = (
    (3.1341359, -1.6172998, -0.4906932),
    (-0.9787955, 1.9161633, 0.0334540),
    (0.0719552, -0.2289769, 1.4053861),
)
_D50 = (0.96420, 1.0, 0.82491)


def png(rows: Sequence[bytes], *, width: int, depth: int, kind: int, **chunks: bytes) -> bytes:
    """A PNG of rows as they stand in the file; `chunks` are those before the pixels, by name."""
    header = struct.pack(">IIBBBBB", width, len(rows), depth, kind, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    parts = [(b"IHDR", header), *((name.encode(), data) for name, data in chunks.items())]
    written = b"".join(_chunk(name, data) for name, data in [*parts, (b"IDAT", pixels), (b"IEND", b"")])
    return b"\x89PNG\r\n\x1a\n" + written


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def rgb_profile(primaries: tuple[Colour, Colour, Colour], gamma: float) -> bytes:
    """A profile of three primaries and one gamma (ICC.1:2001)."""
    names = ("r", "g", "b")
    colours = {f"{name}XYZ": _xyz(each) for name, each in zip(names, primaries, strict=True)}
    return profile(b"RGB ", {**colours, **{f"{name}TRC": _gamma(gamma) for name in names}, "wtpt": _xyz(_D50)})


def grey_profile(gamma: float) -> bytes:
    return profile(b"GRAY", {"kTRC": _gamma(gamma), "wtpt": _xyz(_D50)})


def cmyk_profile(corners: Sequence[Colour]) -> bytes:
    """A profile that gives for each of the 16 corners of cyan, magenta, yellow and black a colour in Lab."""
    one = bytes(range(256))
    lab = b"".join(bytes((round(each[0] * 2.55), round(each[1] + 128), round(each[2] + 128))) for each in corners)
    matrix = struct.pack(">9i", *(65536 * (place % 4 == 0) for place in range(9)))
    table = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + matrix + one * 4 + lab + one * 3
    return profile(b"CMYK", {"A2B0": table, "wtpt": _xyz(_D50)}, connection=b"Lab ", device=b"prtr")


def profile(space: bytes, tags: dict[str, bytes], *, connection: bytes = b"XYZ ", device: bytes = b"mntr") -> bytes:
    offset, table, data = 128 + 4 + 12 * len(tags), b"", b""
    for name, value in tags.items():
        padding = bytes(-len(value) % 4)
        table += name.encode() + struct.pack(">II", offset + len(data), len(value))
        data += value + padding
    body = struct.pack(">I", len(tags)) + table + data
    head = struct.pack(
        ">I4s4s4s4s4s12s4s", 128 + len(body), b"\0" * 4, b"\x02\x10\0\0", device, space, connection, bytes(12), b"acsp"
    )
    return head + bytes(28) + struct.pack(">3i", *(round(each * 65536) for each in _D50)) + bytes(48) + body


def _xyz(colour: Colour) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(each * 65536) for each in colour))


def _gamma(gamma: float) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))


def srgb_of(pixel: Sequence[int], primaries: tuple[Colour, Colour, Colour], gamma: float) -> tuple[int, ...]:
    """What a pixel of such a profile is in sRGB (IEC 61966-2-1), by the formulas alone."""
    linear = [(value / 255) ** (round(gamma * 256) / 256) for value in pixel]
    xyz = [sum(linear[each] * primaries[each][axis] for each in range(3)) for axis in range(3)]
    return tuple(_encoded(sum(row[axis] * xyz[axis] for axis in range(3))) for row in _XYZ_TO_SRGB)


def srgb_of_grey(value: int, gamma: float) -> int:
    return _encoded((value / 255) ** gamma)


def srgb_of_lab(lab: Colour) -> tuple[int, ...]:
    middle = (lab[0] + 16) / 116
    parts = (middle + lab[1] / 500, middle, middle - lab[2] / 200)
    xyz = [
        white * (each**3 if each > 6 / 29 else (each - 4 / 29) * 108 / 841)
        for white, each in zip(_D50, parts, strict=True)
    ]
    return tuple(_encoded(sum(row[axis] * xyz[axis] for axis in range(3))) for row in _XYZ_TO_SRGB)


def _encoded(linear: float) -> int:
    linear = min(1.0, max(0.0, linear))
    return round(255 * (12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055))
