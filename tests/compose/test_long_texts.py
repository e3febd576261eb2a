"""A text as large as it may be is composed in a time that grows with its length: `composer`, `webpage`."""

from time import process_time

import pytest

from mailer.compose.composed import VariantKey
from mailer.compose.mail.composer import Composer
from mailer.compose.publication import Publication
from mailer.compose.theme import Theme
from mailer.compose.webpage import compose_webpage
from mailer.issue.markdown.blocks import parse_blocks
from mailer.issue.model import Issue
from mailer.rendering.templates import Templates
from tests.compose.test_numbers import with_body
from tests.issue.test_long_texts import as_many_as_may_be

ITEM = "https://a.no/ **a** b@c.no\n\n- a\n  - b\n\n|a|b|\n|---|---|\n|1|2|\n\n> a\n\n## a\n\n1. a\n2. b[^1]\n\n"
PIECES = (
    "https://a.no/ ",
    "b@c.no ",
    "- a\n  - b\n",
    "|a|b|\n",
    "a\tb\n",
    "a\n\n",
    "*a* ",
    "*_",
    "# a\n\n",
    "ord ",
    "a",
    "a+b-",
    "e-post ",
    "Åse-Kari ",
)


@pytest.mark.slow
@pytest.mark.parametrize("piece", [ITEM, *PIECES])
def test_the_largest_text_is_composed_in_a_time_that_grows_with_its_length(
    piece: str, composer: Composer, templates: Templates, publication: Publication, small_issue: Issue
) -> None:
    def seconds(text: str) -> float:
        issue = with_body(small_issue, parse_blocks(text, file="items/010-a.md", lang="nb")[0])
        began = process_time()
        composed = composer.compose(issue, VariantKey(lang=issue.lang))
        page = compose_webpage(issue, templates=templates, theme=Theme(), publication=publication)
        took = process_time() - began
        assert "Kurs" in composed.html
        assert "Kurs" in composed.text
        assert "Kurs" in page
        return took

    text = as_many_as_may_be(piece)
    part = text[: len(text) // len(piece) // 4 * len(piece)]
    seconds(piece)  # templates are compiled at their first use
    assert any(seconds(text) < 0.3 + 8 * seconds(part) for _ in range(2))
