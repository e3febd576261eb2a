"""An error says where, what, and what to do next."""

import ast
from collections.abc import Iterator

import pytest

from mailer.catalogue import render
from mailer.errors import ExitCode, MailerError, explain_os_error
from tests.catalogue.sentences import modules


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
    assert [int(code) for code in ExitCode] == [0, 1, 2, 74, 75, 130]


def test_what_the_system_refuses_is_said_in_each_language() -> None:
    error = explain_os_error(FileNotFoundError(2, "No such file or directory", "a.toml"))
    assert str(error) == "a.toml: no such file or directory\nCheck the name, then run the command again."
    assert [render(error.what, "nb"), render(error.what, "nn")] == [
        "filen eller mappen finnes ikke",
        "fila eller mappa finst ikkje",
    ]
    unknown = explain_os_error(OSError(5, "Input/output error"))
    assert str(unknown) == "input/output error\nPut that right, then run the command again."
    assert render(unknown.hint, "nn") == "Rett opp feilen, og køyr kommandoen på nytt."


BY_THE_CALLER = "who reads the line, or takes the option, knows what to do with it"
WITHOUT_HINT = {
    "mailer/subscribers/facts/address.py: AddressError": BY_THE_CALLER,
    "mailer/subscribers/facts/words.py: WordsError": BY_THE_CALLER,
    "mailer/subscribers/files/reading.py: RowError": BY_THE_CALLER,
    "mailer/subscribers/files/statuses.py: StatusError": BY_THE_CALLER,
    "mailer/usecases/scheduling.py: TwiceError": "it makes its own, of both moments",
}


def _made_without_hint() -> Iterator[str]:
    errors = modules()[0].errors
    for each in modules():
        for node in ast.walk(each.tree):
            match node:
                case ast.Call(func=ast.Name(id=name), keywords=given) if name in errors:
                    if "hint" not in {keyword.arg for keyword in given}:
                        yield f"{each.name}: {name}"


def test_each_error_says_what_to_do_next_or_there_is_a_reason() -> None:
    assert set(_made_without_hint()) == set(WITHOUT_HINT)
