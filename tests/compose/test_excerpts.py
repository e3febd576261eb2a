import pytest

from mailer.compose.text.excerpts import LinkRow, first_words, images_of, opening, split_rows, with_quotes
from mailer.issue.model import Heading, Image, Inlines, Item, Link, List, Paragraph, Quote, Text

LINK = Link((Text("Rettleiar"),), "https://a.example/")
BODY = Paragraph((Text("Brødtekst."),))


@pytest.mark.parametrize(
    ("inlines", "row"),
    [
        ((LINK,), LinkRow("", LINK)),
        ((LINK, Text(".")), LinkRow("", LINK, ".")),
        ((Text("Les meir her: "), LINK), LinkRow("Les meir her:", LINK)),
        ((Text("Les meir her: "), LINK, Text(" ")), LinkRow("Les meir her:", LINK, "")),
    ],
)
def test_a_paragraph_that_is_only_a_link_becomes_a_row(inlines: Inlines, row: LinkRow) -> None:
    assert split_rows((BODY, Paragraph(inlines))) == ((BODY,), (row,))


@pytest.mark.parametrize(
    "inlines",
    [
        (Text("Først dette. Les meir her: "), LINK),
        (Text("Les "), LINK, Text(" i dag")),
        (LINK, LINK),
        (Text("Ingen lenkje"),),
    ],
)
def test_a_link_inside_a_sentence_stays_there(inlines: Inlines) -> None:
    assert split_rows((Paragraph(inlines),)) == ((Paragraph(inlines),), ())


def test_only_links_at_the_end_become_rows_so_that_the_order_stays() -> None:
    first, last = Paragraph((LINK,)), Paragraph((Text("Sjå: "), LINK))
    assert split_rows((first, BODY, first, last)) == ((first, BODY), (LinkRow("", LINK), LinkRow("Sjå:", LINK)))
    assert split_rows((List(()),)) == ((List(()),), ())


def test_a_row_knows_when_its_words_are_an_address() -> None:
    assert LinkRow("", Link((Text("https://a.example/"),), "https://a.example/")).shows_address
    assert not LinkRow("", LINK).shows_address


def test_the_opening_is_the_first_text_of_any_kind() -> None:
    image = Image("images/x.png", "alt")
    assert opening((image, Quote((Heading(4, (Text("Om  planen"),)),)))) == "Om planen"
    assert opening((List(((BODY,),)),)) == "Brødtekst."
    assert opening((List(()),)) == ""


def test_first_words_say_where_words_are_left_out() -> None:
    assert first_words("ein to", 2) == "ein to"
    assert first_words("ein to, tre", 2) == "ein to\N{NO-BREAK SPACE}…"


def test_a_spoken_paragraph_is_set_apart() -> None:
    spoken = Paragraph((Text("– Vi jobber, sier hun."),))
    assert with_quotes((BODY, spoken)) == (BODY, Quote((spoken,)))


def test_pictures_are_found_wherever_they_stand() -> None:
    one, two, three = (Image(f"images/{name}.png", "") for name in "abc")
    body = (BODY, Quote((two,)), List(((three,),)))
    item = Item(slug="x", number=1, lang="nb", body=body, image=one)
    assert images_of(item) == (one, two, three)
