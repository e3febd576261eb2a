import pytest

from mailer.compose.mail.inline import inline_css

pytestmark = pytest.mark.usefixtures("socket_disabled")

PAGE = (
    "<!doctype html>\n<html lang='nb'><head><style>@media (prefers-color-scheme:dark){.a{color:#fff!important}}\n"
    "[data-ogsb] .a{color:#eee!important}</style></head><body>"
    '<p class="a" width="1">æøå čđŋšŧž</p><a href="https://a.example/?x=1&amp;y=2">x</a>'
    "<!--[if mso]><table><tr><td><![endif]-->y<!--[if mso]></td></tr></table><![endif]--></body></html>"
)


def inlined(css: str = ".a{color:#123456}") -> str:
    return inline_css(PAGE, css=css)


def test_the_doctype_of_html5_comes_first() -> None:
    assert inlined().startswith("<!DOCTYPE html>")
    assert inlined().lower().count("<!doctype") == 1


def test_rules_go_into_style_attributes() -> None:
    assert '<p class="a" width="1" style="color:#123456">' in inlined()


def test_dark_mode_keeps_its_important_rules() -> None:
    assert "@media (prefers-color-scheme:dark){.a{color:#fff!important}}" in inlined()
    assert "[data-ogsb] .a{color:#eee!important}" in inlined()


def test_style_blocks_stay_and_our_mark_goes() -> None:
    assert inlined().count("<style") == 1
    assert "data-premailer" not in inlined()


def test_classes_stay_for_the_rules_in_style_blocks() -> None:
    assert 'class="a"' in inlined()


def test_branches_for_word_stay() -> None:
    assert inlined().count("<!--[if mso]>") == inlined().count("<![endif]-->") == 2


def test_ampersands_in_links_stay_escaped() -> None:
    assert 'href="https://a.example/?x=1&amp;y=2"' in inlined()


def test_norwegian_and_sami_letters_stay() -> None:
    assert "æøå čđŋšŧž" in inlined()


def test_no_attributes_are_added_for_old_programs() -> None:
    html = inline_css(
        "<html><body><table><tr><td>x</td></tr></table></body></html>", css="td{width:92px;text-align:right}"
    )
    assert '<td style="width:92px;text-align:right">' in html
