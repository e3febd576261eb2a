import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.compose.pdf.glyphs import Glyphs, read_glyphs
from mailer.rendering.templates import Templates

COVERAGE = Templates().path("print/fonts/coverage.txt")
NAMED = [each for each in map(chr, range(0x110000)) if unicodedata.name(each, "")]


ARROWS = "".join(map(chr, (*range(0x2190, 0x2200), *range(0x27F0, 0x2800), *range(0x2900, 0x2980))))


def test_norwegian_and_sami_letters_are_covered() -> None:
    glyphs = read_glyphs(COVERAGE)
    text = "æøåÆØÅ áčđŋšŧž ÁČĐŊŠŦŽ «» – — … · •"
    assert glyphs.cover(text) == text
    assert glyphs.missing == set()


def test_signs_that_look_alike_take_each_other_s_place() -> None:
    glyphs = read_glyphs(COVERAGE)
    assert (
        glyphs.cover("a\N{NARROW NO-BREAK SPACE}b\N{NON-BREAKING HYPHEN}c\N{ZERO WIDTH JOINER}")
        == "a\N{NO-BREAK SPACE}b-c"
    )
    assert glyphs.cover("a\N{COMBINING RING ABOVE}\t") == "å "
    assert glyphs.missing == set()


def test_a_sign_that_no_font_has_is_replaced_and_remembered() -> None:
    glyphs = read_glyphs(COVERAGE)
    assert glyphs.cover("Hurra 中文, 文 \N{REPLACEMENT CHARACTER}") == "Hurra [?], [?] [?]"
    assert glyphs.missing == {"中", "文"}


def test_emoji_that_people_paste_are_printed_as_they_are() -> None:
    glyphs = read_glyphs(COVERAGE)
    text = "😀😂🙂😉😍🤔👍👏🙏💪🎉🎄🎁🔥💡📅📌📢📧📞📎🔗⏰⚠✅❌❤⭐🚑🏥💉💊🧠👩👨👶🦌☀❄🐰🥳🫶🩺"
    assert glyphs.cover(text) == text
    assert glyphs.missing == set()


def test_data_keeps_its_shape() -> None:
    data = {"a": ["中", 1, None, True, ({"b": "x"},)]}
    assert read_glyphs(COVERAGE).cover(data) == {"a": ["[?]", 1, None, True, [{"b": "x"}]]}


@given(st.text())
def test_whatever_comes_out_is_covered(text: str) -> None:
    glyphs = read_glyphs(COVERAGE)
    assert set(glyphs.cover(text)) <= glyphs.covered


@pytest.mark.parametrize(
    ("kind", "characters"),
    [
        ("arrows", [each for each in ARROWS if re.search(r"\b(LEFT|RIGHT)WARDS ARROW", unicodedata.name(each))]),
        ("bullets", list("•‣⁃▪▫■□●○◦◆◇◘◙❖►▶➢")),
        ("hyphens and dashes", [each for each in NAMED if unicodedata.category(each) == "Pd"]),
        ("spaces", [each for each in map(chr, range(0x110000)) if unicodedata.category(each) in {"Zs", "Zl", "Zp"}]),
        ("units", [each for each in map(chr, range(0x3300, 0x3400)) if "<square>" in unicodedata.decomposition(each)]),
        ("raised", list("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁱⁿᵃᵇᵉ")),
        ("lowered", list("₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₒₓₘₙ")),
        ("fractions", [each for each in NAMED if unicodedata.decomposition(each).startswith("<fraction>")]),
        ("circled", list("①⑨⑩⑳㉑㊿❶❾❿➀➉➊➓⓫⓵ⒶⓏⓐⓩ⓪⓿")),
        ("enclosed", list("⑴⑵⒀⒇⒈⒉⒑⒛⒜⒵")),
        ("Roman numerals", [chr(code) for code in range(0x2160, 0x2180)]),
        ("more units", list("℃℉K\N{ANGSTROM SIGN}\N{OHM SIGN}ΩµμÅ°‰%№")),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_whole_kinds_of_signs_have_a_plain_form_where_the_fonts_lack_them(kind: str, characters: list[str]) -> None:
    """But what is written in Japanese, which the fonts cannot print at all."""
    glyphs = read_glyphs(COVERAGE)
    latin = [each for each in characters if unicodedata.normalize("NFKC", each)[0] < "⺀" or each == "\u3000"]
    assert len(latin) >= 10, kind
    assert glyphs.missing_in("".join(latin)) == ()
    assert set(glyphs.cover("".join(latin))) <= glyphs.covered


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("helse‐Norge", "helse-Norge"),
        ("A → B ⇒ C ↔ D ← E ➔ F ⟵ G ⟹ H ⟷ I ⇄ J", "A → B ⇒ C ↔ D ← E → F ← G ⇒ H ↔ I ↔ J"),
        ("● ett ○ to ■ tre", "• ett • to • tre"),
        ("20 ℃, 5 ㎏, 3 ㎡", "20 °C, 5 kg, 3 m²"),
        ("1️⃣ først ✔️", "1 først ✔"),
        ("−5 ‒ 3", "−5 – 3"),
        ("CO₂ og H₂O, x₁₂, men 10₂ og log₂8", "CO2 og H2O, x12, men 10_2 og log_2 8"),
        ("10⁻³ kg·m⁻², 10⁻³5, m² og m³, Na⁺, ord⁽¹⁾", "10^-3 kg·m^-2, 10^(-3)5, m² og m³, Na^+, ord^(1)"),
        ("⅔ av 1⅓, ½ og 2½", "2/3 av 1 1/3, ½ og 2½"),
        ("① først, ❷ så, Ⓐ, ⑴, ⅷ og Ⅻ", "(1) først, (2) så, (A), (1), viii og XII"),
        ("Helse™ № 5, 3 ℓ", "Helse™ № 5, 3 ℓ"),
        ("✓ ja ✗ nei ☐ ☑ ☒ ↑ ↓ ⇧ ▲ ▼ ★ ☞", "✔ ja ✖ nei ⬜ ☑ ❎ ↑ ↓ ⬆ 🔼 🔽 ⭐ 👉"),
        ("👍🏽 til 👩‍⚕️ i 🇳🇴", "👍 til 👩⚕ i NO"),
    ],
)
def test_a_plain_form_says_the_same(written: str, printed: str) -> None:
    assert read_glyphs(COVERAGE).cover(written) == printed


def test_arrows_are_typed_where_the_fonts_have_none() -> None:
    glyphs = Glyphs(frozenset(" ->=<ABCDEF"))
    assert glyphs.cover("A → B ⇒ C ↔ D ← E ➔ F") == "A -> B => C <-> D <- E -> F"
    assert glyphs.missing == set()


@pytest.mark.parametrize("character", "☆∴⏎中")
def test_what_would_say_something_else_has_no_plain_form(character: str) -> None:
    glyphs = read_glyphs(COVERAGE)
    assert glyphs.cover(character) in {character, glyphs.substitute}
