import pytest

from mailer.issue.markdown.blocks import parse_inlines
from mailer.issue.model import plain_text


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("kari@a.example[ca.](https://b.example/)", "kari@a.example ca."),
        ("[ca.](https://b.example/)kari@a.example", "ca. kari@a.example"),
        ("[Se-](https://b.example/)<www.a.example>", "Se- www.a.example"),
        ("https://a.example/[her](https://b.example/)", "https://a.example/ her"),
        ("**www.a.example**[her](https://b.example/)", "www.a.example her"),
        ("www.a.example[her](https://b.example/)", "www.a.example her"),
        ("https://a.example[her](https://b.example/)", "https://a.example her"),
        ("**kari@a.example**[, Ola](https://b.example/)", "kari@a.example, Ola"),
        ("[(](https://b.example/)kari@a.example", "(kari@a.example"),
        ("[kon](https://a.example/)[takt](https://a.example/)", "kontakt"),
        ("**Se** kari@a.example **og**", "Se kari@a.example og"),
    ],
)
def test_an_address_is_parted_from_the_link_or_the_marked_word_it_is_glued_to(text: str, read: str) -> None:
    inlines, _ = parse_inlines(text, file="items/x.md", lang="nb")
    assert plain_text(inlines) == read
