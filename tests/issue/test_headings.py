from mailer.issue.markdown.headings import number_headings
from mailer.issue.model import Heading, List, Quote, Text


def heading(level: int) -> Heading:
    return Heading(level, (Text("Overskrift"),))


def test_headings_are_numbered_in_reading_order_wherever_they_stand() -> None:
    body = (Quote((heading(5),)), List(((heading(6), Quote((heading(5),))), (heading(2),))), heading(4))
    expected = (Quote((heading(4),)), List(((heading(5), Quote((heading(4),))), (heading(4),))), heading(5))
    assert number_headings(body) == expected
    assert number_headings(expected) == expected
