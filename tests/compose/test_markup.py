from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.compose.text.markup import bound, inline_html, lang_mark, link_html, unbroken
from mailer.issue.model import Emphasis, Inline, Inlines, LineBreak, Link, Strong, Text, plain_text


class Reader(HTMLParser):
    """Collects the words and the tags of a piece of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words = ""
        self.tags: list[str] = []
        self.feed(html)
        self.close()

    def handle_data(self, data: str) -> None:
        self.words += data

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - the name is HTMLParser's
        self.tags.append(tag)
        self.words += "\n" if tag == "br" else ""


LEAVES = st.builds(Text, st.text(st.characters(exclude_categories=["Cs", "Cc"]))) | st.just(LineBreak())
URLS = st.sampled_from(["https://a.example/?a=1&b=2", "mailto:a@b.example", "", "javascript:alert(1)", '"><script>'])


def _wrapped(inner: st.SearchStrategy[Inline]) -> st.SearchStrategy[Inline]:
    children = st.lists(inner, max_size=3).map(tuple)
    langs = st.sampled_from(["nb", "nn", "se", "en", None])
    return st.builds(Strong, children) | st.builds(Emphasis, children) | st.builds(Link, children, URLS, langs)


INLINES: st.SearchStrategy[Inlines] = st.lists(st.recursive(LEAVES, _wrapped, max_leaves=8), max_size=4).map(tuple)


def test_inlines_become_our_own_elements() -> None:
    inlines = (Text("a "), Strong((Text("b"),)), LineBreak(), Emphasis((Text("c"),)))
    assert inline_html(inlines, "nb") == "a <strong>b</strong><br><em>c</em>"


def test_a_link_carries_the_language_of_its_words_only_where_it_changes() -> None:
    link = Link((Text("Veileder"),), "https://a.example/?x=1&y=2", "nb")
    assert link_html(link, "nn") == '<a class="a" href="https://a.example/?x=1&amp;y=2" lang="nb">Veileder</a>'
    assert link_html(link, "nb") == '<a class="a" href="https://a.example/?x=1&amp;y=2">Veileder</a>'


def test_words_whose_address_is_not_known_are_like_the_text_around_them() -> None:
    assert inline_html((Link((Text("Veileder"),), "", "nb"),), "nn") == '<span lang="nb">Veileder</span>'
    assert inline_html((Link((Text("Veileder"),), ""),), "nn") == "Veileder"


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//a.example/", "ftp://a.example/", " https://a"]
)
def test_an_address_of_another_kind_is_never_linked(url: str) -> None:
    assert "href" not in inline_html((Link((Text("x"),), url),), "nb")


@pytest.mark.parametrize("name", ["Vest-Viken", "Sør-Rogaland", "e-helse", "E-helse", "e-post", "e-helsefeltet"])
def test_some_names_are_kept_on_one_line(name: str) -> None:
    assert unbroken(f"om {name}.") == f'om <span class="nw">{name}</span>.'


def test_the_language_is_marked_only_where_it_changes() -> None:
    assert lang_mark("nb", "nb") == ""
    assert lang_mark("nb", "nn") == ' lang="nb"'


@given(INLINES)
def test_every_word_comes_out_and_only_our_elements_do(inlines: Inlines) -> None:
    reader = Reader(str(inline_html(inlines, "nb")))
    assert reader.words.replace("\u00a0", " ") == plain_text(inlines).replace("\u00a0", " ")
    assert set(reader.tags) <= {"a", "strong", "em", "br", "span", "wbr"}


def test_a_day_and_its_month_stay_on_one_line() -> None:
    words = "innen 1. mars, 15. Januar eller 3 May; 2. etasje og 80 FACT-team brytes"
    assert bound(words) == "innen 1.\u00a0mars, 15.\u00a0Januar eller 3\u00a0May; 2. etasje og 80 FACT-team brytes"


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("Tilskot til forprosjekt – styrka samarbeid", "Tilskot til forprosjekt\u00a0– styrka samarbeid"),
        ("Helsefellesskap - Helsedirektoratet", "Helsefellesskap\u00a0- Helsedirektoratet"),
        ("Vi venta – og venta — lenge", "Vi venta\u00a0– og venta\u00a0— lenge"),
        (" – etter ei lenkje", "\u00a0– etter ei lenkje"),
        ("– Vi er glade, seier ho", "– Vi er glade, seier ho"),
        ("10 –15 og e-post -retta", "10 –15 og e-post -retta"),
    ],
)
def test_no_line_begins_with_a_dash_between_words(words: str, kept: str) -> None:
    assert bound(words) == kept
