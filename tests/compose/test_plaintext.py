import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.compose.text.plaintext import NARROW, WIDTH, blocks_text, date_line, inline_text, underline, wrap
from mailer.issue.model import Heading, Image, LineBreak, Link, List, Paragraph, Quote, Strong, Text

URL = "https://www.ehelse.example/_/attachment/download/e5c0631e-7ae6-41e0-9fc4:737ccb21684d4d4ff1e17c78/x%20(PDF).PDF"


def test_a_link_is_its_words_and_its_address() -> None:
    assert (
        inline_text((Text("Sjå "), Link((Text("planen"),), "https://a.example/"))) == "Sjå planen <https://a.example/>"
    )


@pytest.mark.parametrize(
    ("words", "url", "text"),
    [
        ("kari@oslo.example", "mailto:kari@oslo.example", "kari@oslo.example"),
        ("Kari", "mailto:kari@oslo.example", "Kari <kari@oslo.example>"),
        ("https://a.example/", "https://a.example/", "<https://a.example/>"),
        ("planen", "", "planen"),
        ("kåre.ås@a.example", "mailto:k%C3%A5re.%C3%A5s@a.example", "kåre.ås@a.example"),
        ("Kåre", "mailto:k%C3%A5re.%C3%A5s@a.example", "Kåre <kåre.ås@a.example>"),
        ("Kari", "mailto:kari@a.example?subject=Hei%20du", "Kari <kari@a.example>"),
        ("Kåre", "mailto:k%C3%A5re@a.example?subject=P%C3%A5melding", "Kåre <kåre@a.example>"),
        ("mailto:kari@a.example?subject=Hei", "mailto:kari@a.example?subject=Hei", "mailto:kari@a.example?subject=Hei"),
        ("kari@a.example", "mailto:kari@a.example?subject=Hei", "kari@a.example"),
        ("okari@a.example", "mailto:kari@a.example", "okari@a.example <kari@a.example>"),
        ("tel:+47 22", "tel:+4722", "tel:+47 22"),
        ("Https://a.example/ø", "https://a.example/%C3%B8", "<https://a.example/%C3%B8>"),
        ("www.a.example/x", "https://www.a.example/x", "<https://www.a.example/x>"),
        ("Ring", "tel:+4722", "Ring <+4722>"),
        ("+47 22", "tel:+4722", "+47 22"),
    ],
)
def test_an_address_is_not_said_twice(words: str, url: str, text: str) -> None:
    assert inline_text((Link((Text(words),), url),)) == text


def test_a_long_address_gets_a_line_of_its_own_and_stays_whole() -> None:
    lines = wrap(f"Les meir i rapporten om vurdering av prinsipp for koplinga <{URL}> frå direktoratet.").splitlines()
    assert f"<{URL}> " in lines


def test_a_no_break_space_keeps_its_words_together_and_is_printed_as_a_space() -> None:
    text = "x" * 66 + " 14.\N{NO-BREAK SPACE}desember"
    assert wrap(text).splitlines() == ["x" * 66 + " ", "14. desember"]


def test_points_hang_and_numbers_count_on() -> None:
    points = tuple((Paragraph((Text(word),)),) for word in ("ein", "to"))
    assert blocks_text((List(points),)) == "- ein\n- to"
    assert blocks_text((List(points * 5, numbered=True),)).endswith("9. ein\n10. to")


def test_a_point_may_hold_a_list() -> None:
    inner = List(((Paragraph((Text("inni"),)),),))
    assert blocks_text((List(((Paragraph((Text("ute"),)), inner),)),)) == "- ute\n\n  - inni"


def test_blocks_are_apart_and_a_quotation_is_indented() -> None:
    blocks = (
        Heading(4, (Text("Om planen"),)),
        Paragraph((Strong((Text("Ja"),)), LineBreak(), Text("nei"))),
        Quote((Paragraph((Text("– Bra."),)),)),
        Image("images/x.png", "Eit kart", "Foto: Kari"),
    )
    assert blocks_text(blocks) == "Om planen\n\nJa\nnei\n\n    – Bra.\n\n[Eit kart – Foto: Kari]"


def test_a_heading_is_underlined_as_far_as_its_longest_line() -> None:
    assert underline("Innhald") == "Innhald\n-------"
    assert underline("Ord " * 30).splitlines()[-1] == "-" * NARROW


def test_a_row_of_dates_has_a_column_for_the_day() -> None:
    assert date_line("14. desember", "Søknadsfrist") == "14. desember       Søknadsfrist"
    assert date_line("30. november–1. desember 2023", "Møte").startswith("30. november–1. desember 2023 Møte")


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\N{NO-BREAK SPACE}")))
def test_wrapping_keeps_every_word_whole_and_lines_short(text: str) -> None:
    wrapped = wrap(text)
    assert wrapped.split() == text.split()
    assert all(len(line.rstrip(" ")) <= WIDTH or " " not in line.strip(" ") for line in wrapped.split("\n"))


@given(st.lists(st.text(st.characters(categories=["Ll", "Nd", "Po"]), min_size=1, max_size=80), min_size=1))
def test_a_paragraph_flows_so_that_unfolding_gives_it_back(words: list[str]) -> None:
    """RFC 3676 §4.2: a line that ends in a space goes on in the next; the space stays (`delsp=no`)."""
    assert wrap(" ".join(words)).replace(" \n", " ") == " ".join(words)


@given(st.lists(st.text("abcæøå", min_size=1, max_size=20), min_size=1))
def test_what_is_set_in_has_lines_of_its_own_short_enough_for_a_narrow_window(words: list[str]) -> None:
    lines = blocks_text((List(((Paragraph((Text(" ".join(words)),)),),)),)).splitlines()
    assert max(map(len, lines)) <= NARROW
    assert all(line.startswith("  ") and not line.endswith(" ") for line in lines[1:])


def test_no_line_of_a_paragraph_is_taken_for_the_beginning_of_a_signature() -> None:
    assert wrap(f"-- <{URL}>").splitlines() == ["--", f"<{URL}>"]
