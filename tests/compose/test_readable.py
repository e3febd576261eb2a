"""What keeps readers out of a mail is found: subjects, colours and, by `client_support`, CSS that programs lack."""

from dataclasses import replace

import pytest

from mailer.compose.composed import ComposedIssue, VariantKey
from mailer.compose.judging.client_support import client_support_findings, features, features_used
from mailer.compose.judging.readable import html_findings, mail_findings
from mailer.compose.slots import Slot
from mailer.compose.theme import LIGHT, Theme

PAGE = '<!DOCTYPE html><html lang="nb"><body><h1>A</h1><h2>B</h2><h3>C</h3><h2>D</h2><img src="cid:a" alt="">'


def composed(html: str = PAGE, subject: str = "Nyhetsbrev – mars 2024") -> ComposedIssue:
    return ComposedIssue(
        key=VariantKey(), subject=subject, preheader="", html=html, text="", mjml="", lang="nb", slots=frozenset()
    )


def rules(html: str) -> list[str]:
    return [each.rule for each in html_findings(html)]


def test_a_mail_in_good_order_has_no_findings() -> None:
    assert mail_findings(composed(), Theme()) == ()


@pytest.mark.parametrize(
    ("html", "rule"),
    [
        (PAGE.replace(' lang="nb"', ""), "html-lang"),
        (PAGE.replace("h2", "h3"), "heading-order"),
        (PAGE.replace(' alt=""', ""), "alt-text"),
        (PAGE.replace("D", "slot9x7q4name4q7x9"), "slots"),
    ],
)
def test_what_keeps_readers_out_is_found(html: str, rule: str) -> None:
    assert rules(html) == [rule]


def test_our_own_slots_and_what_stands_in_comments_for_word_are_left_alone() -> None:
    ours = "".join(slot.token for slot in Slot)
    assert rules(f"{PAGE}{ours}<!--[if mso]><img src='x'><h6>x</h6><![endif]-->") == []


@pytest.mark.parametrize(("length", "found"), [(9, True), (10, False), (78, False), (79, True)])
def test_a_subject_has_10_to_78_characters(length: int, *, found: bool) -> None:
    assert [each.rule for each in mail_findings(composed(subject="a" * length), Theme())] == ["subject-length"] * found


def test_colours_that_cannot_be_told_apart_are_found() -> None:
    faint = replace(Theme(), light=replace(LIGHT, muted="#AAAAAA"))
    findings = mail_findings(composed(), faint)
    assert {each.rule for each in findings} == {"contrast"}
    assert "[theme.light] muted on surface" in findings[0].message


@pytest.mark.parametrize(
    ("style", "feature"),
    [
        ("display:flex", "display: flex"),
        ("color:red;display: grid", "display: grid"),
        ("gap:4px", "gap"),
        ("position:absolute", "position"),
        ("color:var(--ink)", "CSS variables"),
        ("background:#fff url(cid:a)", "background-image"),
        ("box-shadow:0 0 1px #000", "box-shadow"),
        ("transform:rotate(1deg)", "transform"),
        ("animation-name:x", "animation"),
        ("float:left", "float"),
    ],
)
def test_css_that_many_programs_lack_is_found_in_blocks_and_in_attributes(style: str, feature: str) -> None:
    for html in (f"<style>a{{{style}}}</style>", f'<p style="{style}">'):
        (finding,) = client_support_findings(html)
        assert f"uses {feature}, which Outlook" in finding.message


@pytest.mark.parametrize(
    "style", ["padding:4px", "color:red;padding: 0 0 8px", "padding-top:1px", "margin:0;padding:0 .5em"]
)
def test_padding_outside_cells_which_word_ignores_is_found(style: str) -> None:
    (finding,) = client_support_findings(f'<div class="a" style="{style}">x</div>')
    assert "uses padding outside the cells of tables, which Outlook for Windows (Word) cannot" in finding.message
    for kept in (
        f'<td style="{style}">',
        f'<a href="#" style="{style}">',
        f"<p title='{style}'>",
        '<p style="padding:0 0">',
    ):
        assert client_support_findings(kept) == ()


@pytest.mark.parametrize(
    "html",
    [
        '<p style="color:#fff;border-radius:4px">display:flex</p>',
        "<style>@media (max-width:620px){.a{max-width:10px}} a:hover{color:red}</style>",
        "<style>a{color:red}@media (max-width:620px){.a{color:red}.b{display:flex}\n}b{color:red}</style>",
        "<style>@supports(hyphens:auto){a{hyphens:auto}}</style>",
        '<!--[if mso]><p style="position:absolute"><![endif]-->',
        '<p style="background-position:top;padding-gap:1px">',
        '<p style="text-transform:none;max-height:0;overflow:hidden;opacity:0;white-space:nowrap">',
    ],
)
def test_css_that_the_mail_can_do_without_is_left_alone(html: str) -> None:
    assert client_support_findings(html) == ()


@pytest.mark.parametrize(
    "style",
    [
        "@media (max-width:620px){.a{color:red}}.b{display:flex}",
        "@media (min-width:620px){.b{display:flex}}",
        "@media (max-width:620px){.b{display:grid}}",
    ],
)
def test_what_phones_alone_can_do_without_is_found_elsewhere(style: str) -> None:
    assert len(client_support_findings(f"<style>{style}</style>")) == 1


def test_the_table_names_each_feature_once_with_the_programs_that_lack_it() -> None:
    names = [each.name for each in features()]
    assert len(set(names)) == len(names)
    assert all(each.without for each in features())
    assert [each.name for each in features_used("<style>a{border-radius:1px}</style>")] == ["border-radius"]
