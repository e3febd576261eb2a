"""An error says where, what, and what to do next."""

import pytest

from mailer.errors import ExitCode, MailerError


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (MailerError("it is broken"), "it is broken"),
        (MailerError("it is broken", where="a.toml:3"), "a.toml:3: it is broken"),
        (MailerError("it is broken", where="a.toml:3", hint="Mend it."), "a.toml:3: it is broken\nMend it."),
        (MailerError("it is broken", hint="Mend it."), "it is broken\nMend it."),
    ],
)
def test_an_error_reads_as_a_sentence_with_place_and_hint(error: MailerError, shown: str) -> None:
    assert str(error) == shown


def test_an_error_refuses_unless_it_says_otherwise() -> None:
    assert MailerError("x").exit_code is ExitCode.REFUSED
    assert [int(code) for code in ExitCode] == [0, 1, 2, 74, 75]
