from hypothesis import given
from hypothesis import strategies as st

from mailer.compose.glyphs import read_glyphs
from mailer.rendering.templates import Templates

COVERAGE = Templates().path("print/fonts/coverage.txt")


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
    assert glyphs.cover("Hurra 🎉") == "Hurra \N{REPLACEMENT CHARACTER}"
    assert glyphs.missing == {"🎉"}


def test_data_keeps_its_shape() -> None:
    data = {"a": ["🎉", 1, None, True, ({"b": "x"},)]}
    assert read_glyphs(COVERAGE).cover(data) == {"a": ["\N{REPLACEMENT CHARACTER}", 1, None, True, [{"b": "x"}]]}


@given(st.text())
def test_whatever_comes_out_is_covered(text: str) -> None:
    glyphs = read_glyphs(COVERAGE)
    assert set(glyphs.cover(text)) <= glyphs.covered
