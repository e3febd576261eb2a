import pytest

from mailer.issue.findings import FindingCollector
from mailer.issue.links.taken_off import take_tracking_off
from mailer.issue.model import Severity

GOOGLE = "https://www.google.com/url?q=https%3A%2F%2Fa.example%2Fx_y&sa=D"
MIMECAST = "https://url.uk.m.mimecastprotect.com/s/AbC"


@pytest.mark.parametrize(
    ("fact", "text", "told"),
    [
        (f"Nett: {GOOGLE}, eller rom 2", "Nett: https://a.example/x_y, eller rom 2", [("tracking", GOOGLE)]),
        (f"{GOOGLE} {GOOGLE}", "https://a.example/x_y https://a.example/x_y", [("tracking", GOOGLE)] * 2),
        (f"www.b.example, {GOOGLE}", "www.b.example, https://a.example/x_y", [("tracking", GOOGLE)]),
        (f"Se {MIMECAST}.", f"Se {MIMECAST}.", [("wrapped-link", MIMECAST)]),
        ("https://a.example/{x}?a=1&", "https://a.example/{x}?a=1&", []),
        ("www.a.example?fbclid=1 og kari@a.example", "www.a.example?fbclid=1 og kari@a.example", []),
        ("https://l.instagram.com/?u=ftp%3A%2F%2Fa", "https://l.instagram.com/?u=ftp%3A%2F%2Fa", []),
        ("", "", []),
    ],
)
def test_what_is_put_around_the_address_in_a_fact_is_taken_off_and_told(
    fact: str, text: str, told: list[tuple[str, str]]
) -> None:
    notes = FindingCollector(file="issue.toml", text=f'title = "{fact}"\nplace = "{fact}"')
    assert take_tracking_off(fact, notes=notes, line=2) == text
    assert [(each.rule, each.words) for each in notes.findings] == told
    assert all(each.line == 2 and each.column for each in notes.findings)


def test_the_note_names_all_that_was_taken_off() -> None:
    written = "https://l.facebook.com/l.php?u=https%3A%2F%2Fa.example%2F%3Ffbclid%3D1%26fbclid%3D2"
    notes = FindingCollector(file="issue.toml", text=f'place = "{written}"')
    assert take_tracking_off(written, notes=notes, line=1) == "https://a.example/"
    assert [(each.severity, each.message) for each in notes.findings] == [
        (Severity.NOTE, "taken off a link: Facebook, fbclid")
    ]


def test_a_wrapper_in_a_fact_is_told_as_in_the_text() -> None:
    notes = FindingCollector(file="issue.toml", text=f'place = "{MIMECAST}"')
    take_tracking_off(MIMECAST, notes=notes, line=1)
    (finding,) = notes.findings
    assert (finding.severity, finding.column) == (Severity.WARNING, 10)
    assert finding.message == "a link goes through Mimecast, which does not say where it leads"
    assert finding.hint == "Open the link, and write the address that the browser shows in the end."
