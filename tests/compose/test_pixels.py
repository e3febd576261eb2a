"""Pixels of a picture file, compared with those that its format and colour profile say: each kind, each profile."""

import struct
import zlib
from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from mailer.compose.pictures.pixels import Pixels, UnknownColoursError, pixels_of
from tests.compose.picture_files import (
    ADOBE_RGB,
    DISPLAY_P3,
    cmyk_profile,
    grey_profile,
    png,
    profile,
    rgb_profile,
    srgb_of,
    srgb_of_grey,
    srgb_of_lab,
)

Pixel = tuple[int, ...]
byte = st.integers(0, 255)
wide = st.integers(0, 65535)


def read(data: bytes) -> Pixels:
    with Pillow.open(BytesIO(data)) as opened:
        return pixels_of(opened)


def row_of(data: bytes) -> list[Pixel]:
    """The pixels of the only row of a picture."""
    shown = read(data)
    assert shown.is_as_meant
    assert shown.picture.mode == "RGBA"
    assert shown.picture.height == 1
    return [pixel_at(shown.picture, column) for column in range(shown.picture.width)]


def pixel_at(picture: Pillow.Image, column: int, row: int = 0) -> Pixel:
    pixel = picture.getpixel((column, row))
    assert isinstance(pixel, tuple)
    return tuple(int(each) for each in pixel)


def icc(data: bytes) -> bytes:
    return b"profile\0\0" + zlib.compress(data)


def far_apart(found: Pixel, wanted: Pixel) -> int:
    return max(abs(one - other) for one, other in zip(found, wanted, strict=True))


# --- Kinds of pixels ---


@settings(max_examples=20)
@given(values=st.lists(wide, min_size=1, max_size=9), has_transparent=st.booleans())
def test_grey_of_16_bits_is_the_same_grey_in_8(values: list[int], *, has_transparent: bool) -> None:
    chunks = {"tRNS": struct.pack(">H", values[0])} if has_transparent else {}
    found = row_of(png([struct.pack(f">{len(values)}H", *values)], width=len(values), depth=16, kind=0, **chunks))
    covers = [0 if has_transparent and each == values[0] else 255 for each in values]
    assert found == [(*[each >> 8] * 3, cover) for each, cover in zip(values, covers, strict=True)]


@settings(max_examples=20)
@given(
    depth=st.sampled_from([1, 2, 4, 8]),
    bytes_of_row=st.lists(byte, min_size=1, max_size=9),
    has_transparent=st.booleans(),
)
def test_grey_of_few_bits_goes_from_black_to_white(
    depth: int, bytes_of_row: list[int], *, has_transparent: bool
) -> None:
    most, each_byte = (1 << depth) - 1, 8 // depth
    values = [(each >> 8 - depth * (place + 1)) & most for each in bytes_of_row for place in range(each_byte)]
    chunks = {"tRNS": struct.pack(">H", values[0])} if has_transparent else {}
    found = row_of(png([bytes(bytes_of_row)], width=len(values), depth=depth, kind=0, **chunks))
    covers = [0 if has_transparent and each == values[0] else 255 for each in values]
    assert found == [(*[each * 255 // most] * 3, cover) for each, cover in zip(values, covers, strict=True)]


@settings(max_examples=20)
@given(st.lists(st.tuples(wide, wide, wide, wide), min_size=1, max_size=5), st.sampled_from([2, 4, 6]))
def test_colours_of_16_bits_are_the_same_in_8(pixels: list[Pixel], kind: int) -> None:
    values = [each for pixel in pixels for each in {2: pixel[:3], 4: pixel[:1] + pixel[3:], 6: pixel}[kind]]
    found = row_of(png([struct.pack(f">{len(values)}H", *values)], width=len(pixels), depth=16, kind=kind))
    colours = [pixel[:1] * 3 if kind == 4 else pixel[:3] for pixel in pixels]
    covers = [65535 if kind == 2 else pixel[3] for pixel in pixels]
    assert found == [
        (*(each >> 8 for each in colour), cover >> 8) for colour, cover in zip(colours, covers, strict=True)
    ]


@pytest.mark.parametrize(("depth", "form"), [(8, "B"), (16, "H")])
def test_the_transparent_colour_is_transparent_and_its_neighbour_not(depth: int, form: str) -> None:
    scale = 257 if depth == 16 else 1
    pixels = [each * scale for each in (18, 86, 154, 18, 86, 155)]
    transparent = struct.pack(">3H", *pixels[:3])
    found = row_of(png([struct.pack(f">6{form}", *pixels)], width=2, depth=depth, kind=2, tRNS=transparent))
    assert found == [(18, 86, 154, 0), (18, 86, 155, 255)]


@settings(max_examples=20)
@given(st.lists(st.tuples(byte, byte, byte, byte), min_size=1, max_size=16), st.sampled_from([4, 8]))
def test_a_palette_has_its_colours_and_what_they_cover(palette: list[Pixel], depth: int) -> None:
    places = range(len(palette))
    row = bytes(places) if depth == 8 else bytes.fromhex("".join(f"{each:x}" for each in places).ljust(16, "0"))
    colours, covers = b"".join(bytes(each[:3]) for each in palette), bytes(each[3] for each in palette)
    assert row_of(png([row], width=len(palette), depth=depth, kind=3, PLTE=colours, tRNS=covers)) == palette


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_each_orientation_is_turned_upright(kind: str, orientation: int) -> None:
    """The corners of the file, from left to right and from above, by orientation as Exif 2.3 describes it."""
    red, green, blue, white = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
    upright = {1: "rgbw", 2: "grwb", 3: "wbgr", 4: "bwrg", 5: "rbgw", 6: "brwg", 7: "wgbr", 8: "gwrb"}[orientation]
    stored, exif, stream = Pillow.new("RGB", (64, 32)), Pillow.Exif(), BytesIO()
    for place, colour in zip(((0, 0), (32, 0), (0, 16), (32, 16)), (red, green, blue, white), strict=True):
        stored.paste(colour, (*place, place[0] + 32, place[1] + 16))
    exif[0x0112] = orientation
    stored.save(stream, kind, exif=exif.tobytes(), **({"quality": 95} if kind == "JPEG" else {"lossless": True}))
    shown = read(stream.getvalue()).picture
    assert shown.size == ((64, 32) if orientation < 5 else (32, 64))
    near = {"r": red, "g": green, "b": blue, "w": white}
    places = [
        (x, y) for y in (shown.height // 8, shown.height * 7 // 8) for x in (shown.width // 8, shown.width * 7 // 8)
    ]
    for place, name in zip(places, upright, strict=True):
        assert far_apart(pixel_at(shown, *place)[:3], near[name]) < 40, f"{name} at {place}"


# --- Colour profiles ---


def test_adobe_rgb_is_shown_in_srgb() -> None:
    data = png([bytes((180, 60, 40))], width=1, depth=8, kind=2, iCCP=icc(rgb_profile(ADOBE_RGB, 563 / 256)))
    ((*found, cover),) = row_of(data)
    assert far_apart(tuple(found), (208, 57, 34)) <= 1
    assert cover == 255


@settings(max_examples=20)
@given(st.tuples(byte, byte, byte), byte, st.sampled_from([ADOBE_RGB, DISPLAY_P3]))
def test_each_pixel_is_what_its_profile_says(
    pixel: tuple[int, int, int], cover: int, primaries: tuple[tuple[float, float, float], ...]
) -> None:
    gamma = 563 / 256
    assert len(primaries) == 3
    data = png([bytes((*pixel, cover))], width=1, depth=8, kind=6, iCCP=icc(rgb_profile(primaries, gamma)))
    ((*found, kept),) = row_of(data)
    assert far_apart(tuple(found), srgb_of(pixel, primaries, gamma)) <= 3
    assert kept == cover


@settings(max_examples=20)
@given(byte, st.sampled_from([1.0, 1.8, 2.2]), st.sampled_from([0, 4]))
def test_each_grey_is_what_its_profile_says(value: int, gamma: float, kind: int) -> None:
    row = bytes((value, 77)) if kind == 4 else bytes((value,))
    ((*found, cover),) = row_of(png([row], width=1, depth=8, kind=kind, iCCP=icc(grey_profile(gamma))))
    assert len(set(found)) == 1
    assert abs(found[0] - srgb_of_grey(value, round(gamma * 256) / 256)) <= 3
    assert cover == (77 if kind == 4 else 255)


def test_grey_of_16_bits_and_a_palette_follow_their_profile() -> None:
    dark = srgb_of_grey(64, 1.0)
    for kind, row in ((0, struct.pack(">H", 64 << 8)), (4, struct.pack(">2H", 64 << 8, 65535))):
        ((found, *_),) = row_of(png([row], width=1, depth=16, kind=kind, iCCP=icc(grey_profile(1.0))))
        assert abs(found - dark) <= 3
    colours = {"PLTE": bytes((180, 60, 40)), "tRNS": bytes((9,))}
    palette = png([b"\0"], width=1, depth=8, kind=3, iCCP=icc(rgb_profile(ADOBE_RGB, 563 / 256)), **colours)
    ((*found_colour, cover),) = row_of(palette)
    assert far_apart(tuple(found_colour), (208, 57, 34)) <= 1
    assert cover == 9


def test_grey_with_a_profile_of_colours_follows_it() -> None:
    ((*found, _),) = row_of(png([bytes((64,))], width=1, depth=8, kind=0, iCCP=icc(rgb_profile(ADOBE_RGB, 1.0))))
    assert far_apart(tuple(found), (srgb_of_grey(64, 1.0),) * 3) <= 3


CORNERS = [
    (100 - 25 * sum(ink[:3]) / 3 - 60 * ink[3], 20.0 * (ink[1] - ink[0]), 20.0 * (ink[2] - ink[0]))
    for ink in [(c, m, y, k) for c in (0, 1) for m in (0, 1) for y in (0, 1) for k in (0, 1)]
]


@pytest.mark.parametrize("number", [0, 2, 4, 8, 10])
def test_inks_of_print_are_what_their_profile_says(number: int) -> None:
    """Only light inks are compared: the darkest of all becomes black, and the dark ones move with it."""
    ink, stream = tuple(255 * int(bit) for bit in f"{number:04b}"), BytesIO()
    Pillow.new("CMYK", (16, 16), ink).save(stream, "JPEG", quality=100, icc_profile=cmyk_profile(CORNERS))
    shown = read(stream.getvalue())
    assert shown.is_as_meant
    assert far_apart(pixel_at(shown.picture, 8, 8)[:3], srgb_of_lab(CORNERS[number])) <= 12
    without = BytesIO()
    Pillow.new("CMYK", (16, 16), ink).save(without, "JPEG", quality=100)
    assert number == 0 or pixel_at(read(without.getvalue()).picture, 8, 8) != pixel_at(shown.picture, 8, 8)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("damaged", b"no profile at all"),
        ("of grey", grey_profile(2.2)),
        ("of print", cmyk_profile(CORNERS)),
        ("cut off", rgb_profile(ADOBE_RGB, 2.2)[:200]),
    ],
)
def test_a_profile_that_cannot_be_used_leaves_the_colours_and_is_told(name: str, data: bytes) -> None:
    shown = read(png([bytes((180, 60, 40))], width=1, depth=8, kind=2, iCCP=icc(data)))
    assert pixel_at(shown.picture, 0) == (180, 60, 40, 255), name
    assert not shown.is_as_meant


def test_colours_that_no_screen_shows_are_refused_with_their_name() -> None:
    lab = profile(b"Lab ", {"wtpt": bytes(20)}, device=b"spac")
    with pytest.raises(UnknownColoursError, match=r"\ALab\Z"):
        read(png([bytes((180, 60, 40))], width=1, depth=8, kind=2, iCCP=icc(lab)))


@settings(max_examples=20)
@given(st.binary(max_size=40), st.integers(0, 400), st.sampled_from(["rgb", "grey", "print"]))
def test_no_damaged_profile_stops_anything(noise: bytes, place: int, kind: str) -> None:
    whole = {"rgb": rgb_profile(DISPLAY_P3, 2.2), "grey": grey_profile(2.2), "print": cmyk_profile(CORNERS)}[kind]
    data = whole[:place] + noise + whole[place + len(noise) :]
    with suppress(UnknownColoursError):
        assert read(png([bytes((1, 2, 3))], width=1, depth=8, kind=2, iCCP=icc(data))).picture.size == (1, 1)
