"""Any address, however it is written in a sentence, leads where it says, in HTML and in text: `parser` and after."""

import html
import re

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from mailer.compose.text.markup import inline_html
from mailer.compose.text.plaintext import blocks_text, inline_text
from mailer.issue.links.urls import clean_url
from mailer.issue.markdown.blocks import parse_blocks, parse_inlines
from mailer.issue.model import Paragraph, Severity

FEWER = settings(max_examples=settings().max_examples // 3)

# --- A grammar of RFC 3986, without the signs that are percent-encoded, and what the places where people work make ---

LABEL = st.sampled_from(["a", "www", "b-c", "x1", "xn--blbr-roah", "ks"])
HOST = st.builds(
    lambda labels, port: ".".join([*labels, "example"]) + port,
    st.lists(LABEL, min_size=1, max_size=3),
    st.sampled_from(["", "", ":8080"]),
)
MARKS = """ _ * ~ ! $ & + , ; = : @ . / - ' __ ** *x* .. // -- """
NAMES = """ a B 1 1. _layouts_ :w: :x: (a) (_b_) %C3%A6 %20 &copy= &lt sites Doc.aspx """
PIECES = [*MARKS.split(), *NAMES.split()]
TEXT = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
END = st.sampled_from(["", "a", "/", "=", "_x_", "-", "(c)", "+", "$", "%20", "#"])
WEB = st.builds(
    lambda scheme, host, path, query, fragment, end: f"{scheme}://{host}/{path}{query}{fragment}{end}",
    st.sampled_from(["https", "http"]),
    HOST,
    TEXT,
    TEXT.map(lambda text: f"?{text}" if text else ""),
    TEXT.map(lambda text: f"#{text}" if text else ""),
    END,
)
BEFORE = st.sampled_from(
    ["", "Se ", "Se (", "Se «", "Sjå: ", "a – ", "**Frist:** ", "*Ja* og ", "Se “", "snake_case ", "1 * 2 "]
)
AFTER = st.sampled_from(
    ["", " her.", ".", ", og", "…", "–", " – nå", ")", ").", "»", "!", "?", ":", ";", "]", "”", "\nmer"]
)
MARKS_AT_END = re.compile(r"[.,:;!?'*_~)]+\Z")


def is_whole(url: str) -> bool:
    """Say whether a bare address ends as addresses do and not as sentences do, and HTML means nothing by it."""
    return not MARKS_AT_END.search(url) and not re.search(r"&(amp|#38);|[;,]+https?://", url)


def leads_to(text: str) -> tuple[list[str], list[str], list[str]]:
    """Return the addresses of the links in HTML and of those in text, and what is told as an error."""
    blocks, findings = parse_blocks(text, file="x.md", lang="nb")
    (paragraph,) = blocks
    assert isinstance(paragraph, Paragraph)
    page = str(inline_html(paragraph.inlines, "nb"))
    hrefs = [html.unescape(each) for each in re.findall(r'href="([^"]*)"', page)]
    shown = re.findall(r"<([^<>\s]+)>", blocks_text(blocks))
    return hrefs, shown, [each.words for each in findings if each.severity is Severity.ERROR]


@given(BEFORE, WEB.filter(is_whole), AFTER)
@example(
    "Se ", "https://k.sharepoint.com/:w:/r/sites/Helse_/_layouts/15/Doc.aspx?sourcedoc=%7BA%7D&file=a_b_.docx", " her."
)
def test_a_bare_address_leads_where_it_says_and_the_sentence_around_it_stays(before: str, url: str, after: str) -> None:
    assert leads_to(f"{before}{url}{after}") == ([url], [url], [])
    inlines, _ = parse_inlines(f"{before}{url}{after}".split("\n")[0], file="issue.toml", lang="nb")
    said = inline_text(inlines).replace(f"<{url}>", url)
    assert said == re.sub(r"\*\*?(Frist:|Ja)\*\*?", r"\1", f"{before}{url}{after}".split("\n")[0]).strip()


@given(
    BEFORE,
    WEB,
    AFTER,
    st.sampled_from(["[rapporten]({})", "[rapporten](<{}>)", "<{}>", "**[a_b]({})**", "[*x*]( {} )"]),
)
def test_an_address_of_a_link_or_in_angle_brackets_leads_where_it_says(
    before: str, url: str, after: str, form: str
) -> None:
    assume("&amp;" not in url)
    assert leads_to(f"{before}{form.format(url)}{after}") == ([url], [url], [])


@FEWER
@given(
    WEB,
    st.sampled_from(["[x]({})", "<{}>", "![x]({})"]),
    st.integers(min_value=0, max_value=40),
    st.sampled_from([" ", "  ", "\N{NO-BREAK SPACE}"]),
)
def test_a_space_in_an_address_is_named_at_its_place_wherever_it_stands(
    url: str, form: str, at: int, space: str
) -> None:
    at = len("https://a.example/") + at % max(1, len(url) - len("https://a.example/"))
    spaced = url[:at] + space + url[at:]
    assume(url[at:] and "(" not in url[at:] and ")" not in url)
    blocks, findings = parse_blocks(f"Hei.\n\nSe {form.format(spaced)} nå.", file="x.md", lang="nb")
    errors = [each for each in findings if each.severity is Severity.ERROR]
    assert errors, blocks
    assert (errors[0].line, errors[0].column) == (3, 4 + form.index("{"))
    assert {each.rule for each in errors} <= {"link", "image"}


MAIL = st.builds(
    lambda local, host, subject: (f"{local}@{host}", f"?subject={subject}" if subject else ""),
    st.sampled_from(["kari", "kari.ås", "per_hansen", "ola-n", "post+nytt", "o'brien", "x*y"]),
    HOST.filter(lambda host: ":" not in host),
    st.sampled_from(["", "Hei", "P%C3%A5melding", "P\u00e5melding til m\u00f8te", "a_b_&body=x%20y"]),
)


@FEWER
@given(BEFORE, MAIL, AFTER)
def test_a_mail_link_with_a_subject_gives_an_address_to_write_to(
    before: str, mail: tuple[str, str], after: str
) -> None:
    address, subject = mail
    (href,), shown, errors = leads_to(f"{before}[Meld deg på](mailto:{address}{subject}){after}")
    assert errors == []
    assert href == clean_url(f"mailto:{address}{subject}").url
    assert shown == [address]
