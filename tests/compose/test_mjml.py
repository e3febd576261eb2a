import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.compose.mail.mjml import compile_mjml, harden
from mailer.errors import MailerError

FRAGILE = {
    "no-break space": "\N{NO-BREAK SPACE}",
    "soft hyphen": "\N{SOFT HYPHEN}",
    "zero-width joiner": "\N{ZERO WIDTH JOINER}",
    "decomposed letter": "a\N{COMBINING RING ABOVE}",
    "backslash": "\\",
    "tab": "\t",
    "line feed": "\n",
    "quote": "&#34;",
    "Sami letters": "čđŋšŧž",
}


def document(content: str, title: str = "Tittel") -> str:
    return (
        f'<mjml lang="nb"><mj-head><mj-title>{title}</mj-title></mj-head><mj-body><mj-section><mj-column>'
        f"<mj-text>{content}</mj-text></mj-column></mj-section></mj-body></mjml>"
    )


@pytest.mark.parametrize("text", FRAGILE.values(), ids=FRAGILE.keys())
def test_unusual_characters_survive_in_attributes_and_title(text: str) -> None:
    html = compile_mjml(
        document(f'<a title="før{text}etter" href="https://a.example/">x</a>', f"før{text}etter"), name="x"
    )
    assert r"\u{" not in html
    assert r"\"" not in html
    assert "\\t" not in html
    assert "\\n" not in html


def test_text_is_composed_to_nfc() -> None:
    assert harden("<p>a\N{COMBINING RING ABOVE}</p>") == "<p>å</p>"
    assert harden('<p title="a\N{COMBINING RING ABOVE}">') == '<p title="&#229;">'


def test_text_outside_attributes_keeps_its_letters() -> None:
    assert harden("<p>Førde\N{NO-BREAK SPACE}č</p>") == "<p>Førde\N{NO-BREAK SPACE}č</p>"


def test_single_quoted_attributes_are_hardened_too() -> None:
    assert harden("<p title='å'>") == "<p title='&#229;'>"


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='<>"&'), max_size=40))
def test_any_attribute_comes_out_as_ascii_without_backslashes(text: str) -> None:
    value = harden(f'<p title="{text}">')
    assert re.fullmatch(r"[\x20-\x7E]*", value)
    assert "\\" not in value


def test_nothing_is_fetched_for_a_font() -> None:
    html = compile_mjml(document("x"), name="x")
    assert "fonts.googleapis" not in html
    assert "<link" not in html


def test_comments_for_word_are_kept() -> None:
    html = compile_mjml(
        document("<!--[if mso]><table><tr><td><![endif]-->x<!--[if mso]></td></tr></table><![endif]-->"), name="x"
    )
    assert "<!--[if mso]><table><tr><td><![endif]-->x" in html


def test_a_layout_that_cannot_be_compiled_names_template_and_line() -> None:
    with pytest.raises(MailerError, match="cannot be compiled") as caught:
        compile_mjml("<mjml>\nå\n<mj-body></mj-body></mjml>", name="email/issue.mjml.j2")
    assert caught.value.where == "email/issue.mjml.j2, line 2 of the filled-in template"


def test_a_layout_that_ends_too_early_names_the_template() -> None:
    with pytest.raises(MailerError, match="unexpected end") as caught:
        compile_mjml("<mjml><mj-body><mj-section></mj-body></mjml>", name="email/issue.mjml.j2")
    assert caught.value.where == "email/issue.mjml.j2"
