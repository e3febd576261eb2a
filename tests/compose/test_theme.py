import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.compose.theme import (
    DARK,
    LIGHT,
    ContrastProblem,
    Palette,
    Theme,
    check_contrast,
    contrast,
    luminance,
    nearest_colour,
    require_contrast,
)
from mailer.errors import MailerError

COLOUR = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06X}")


def test_black_on_white_has_the_greatest_contrast() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)


@pytest.mark.parametrize(
    ("front", "back", "ratio"),
    [
        (LIGHT.ink, LIGHT.surface, 15.8),
        (LIGHT.muted, LIGHT.canvas, 5.95),
        (DARK.link, DARK.surface, 9.7),
        (LIGHT.field, LIGHT.surface, 4.2),
    ],
)
def test_contrast_is_computed_as_wcag_does(front: str, back: str, ratio: float) -> None:
    assert contrast(front, back) == pytest.approx(ratio, abs=0.06)


@given(COLOUR, COLOUR)
def test_contrast_is_the_same_both_ways_and_between_1_and_21(one: str, other: str) -> None:
    assert contrast(one, other) == contrast(other, one)
    assert 1 <= contrast(one, other) <= 21.0001
    assert 0 <= luminance(one) <= 1


def test_the_theme_as_shipped_can_be_read() -> None:
    assert check_contrast(Theme()) == ()


def test_a_pair_that_cannot_be_read_is_named_with_its_ratio() -> None:
    problems = check_contrast(Theme(light=Palette(muted="#AAAAAA")))
    assert problems[0] == ContrastProblem(
        mode="light",
        foreground="muted",
        background="surface",
        ratio=contrast("#AAAAAA", "#FFFFFF"),
        needed=4.5,
    )
    assert str(problems[0]) == "[theme.light] muted on surface has a contrast of 2.32:1 and needs 4.5:1"
    assert {problem.background for problem in problems} == {"surface", "canvas", "sunken", "own_bg"}


def test_borders_of_controls_need_three_to_one() -> None:
    problems = check_contrast(Theme(dark=Palette(**{**DARK.tokens, "field": "#334444"})))
    assert [(problem.foreground, problem.needed) for problem in problems] == [("field", 3.0)]


@pytest.mark.parametrize("colour", ["red", "#FFF", "#12345G", "#123456;}", ""])
def test_what_is_no_colour_never_gets_into_a_style_sheet(colour: str) -> None:
    with pytest.raises(ValueError, match=r"ink = .* is no colour"):
        Palette(ink=colour)


def test_a_theme_that_cannot_be_read_is_refused_with_the_nearest_colour_that_can() -> None:
    theme = Theme(light=replace(LIGHT, link="#8FBAC4"))
    with pytest.raises(MailerError, match=r"\[theme\.light\] link on surface .* 2\.\d+:1 and needs 4\.5:1") as caught:
        require_contrast(theme, where="config.toml")
    near = re.search(r'link = "(#[0-9A-F]{6})"', caught.value.hint)
    assert near is not None
    require_contrast(replace(theme, light=replace(theme.light, link=near[1])), where="config.toml")


def test_the_ground_is_named_when_that_alone_was_changed() -> None:
    theme = Theme(dark=replace(DARK, mast="#7FB5C4"))
    with pytest.raises(MailerError, match=r"\[theme\.dark\] on_mast on mast") as caught:
        require_contrast(theme, where="config.toml")
    assert 'mast = "#' in caught.value.hint


def test_colours_that_nothing_can_mend_alone_are_said_so() -> None:
    theme = Theme(light=replace(LIGHT, ink="#FFFFFF", muted="#000000", link="#777777"))
    assert nearest_colour(theme, mode="light", token="surface") == ""
    clash = Theme(light=replace(LIGHT, own_badge="#777777", on_own="#777777", mast="#777777"))
    with pytest.raises(MailerError) as caught:
        require_contrast(clash, where="config.toml")
    assert caught.value.hint


def test_the_shipped_theme_passes() -> None:
    require_contrast(Theme(), where="config.toml")


@given(st.sampled_from(sorted(LIGHT.tokens)), st.integers(0, 0xFFFFFF))
def test_what_is_proposed_passes(token: str, value: int) -> None:
    theme = Theme(light=replace(LIGHT, **{token: f"#{value:06X}"}))
    if near := nearest_colour(theme, mode="light", token=token):
        mended = Theme(light=replace(LIGHT, **{token: near}))
        assert not [each for each in check_contrast(mended) if token in {each.foreground, each.background}]
