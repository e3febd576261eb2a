"""Columns are known by what people call them; what a header lacks or has too much is said with what to do."""

import pytest

from mailer.errors import MailerError
from mailer.spreadsheets.limits import SpreadsheetError
from mailer.subscribers.files.columns import (
    COLUMNS,
    RowDefaults,
    check_defaults,
    columns_of,
    count_known,
    is_header,
    read_header,
    says_statuses,
    surplus_name,
)
from mailer.subscribers.model import Register

NAMES = "epost, navn, fornavn, etternavn, liste, språk, rolle, organisasjon, grunnlag, status"
HELP = "All names: mailer subscribers import --help"


def test_a_column_has_any_of_its_names_in_any_letters() -> None:
    for column, names in COLUMNS.items():
        for name in names:
            header = [f" {name.upper()} ", "epost", ""] if column != "address" else [name]
            assert read_header(header, where="x")[column] == 0
    assert read_header(["Navn", "E-post", "", " "], where="x") == {"name": 0, "address": 1}


def test_a_header_is_told_from_a_line_by_the_column_of_the_address() -> None:
    assert is_header(["Navn", " E-POST "])
    assert not is_header(["navn", "ole@x.example"])
    assert count_known(["navn", "telefon", "E-post", ""]) == 2
    assert (
        columns_of(["merknad", "epost", "merknad", "", "Navn"], where="x").items() >= {"address": 1, "name": 4}.items()
    )
    assert surplus_name(1) == "surplus 1"


@pytest.mark.parametrize(
    ("cells", "what", "hint"),
    [
        (["navn"], "no column holds the e-mail address", f"The first line must name it epost or e-post. {HELP}"),
        ([], "no column holds the e-mail address", f"The first line must name it epost or e-post. {HELP}"),
        (["epost", "", "navn"], "a column has no name", f"Name it or remove it. {HELP}"),
        (["epost", "E-mail"], "two columns hold the address", "Remove one of them."),
        (["epost", "navn", "full name"], "two columns hold the name", "Remove one of them."),
        (
            ["epost", "grunnlg"],
            "the column 'grunnlg' is not known",
            f"Did you mean grunnlag? Else remove it. {HELP}",
        ),
        (
            ["epost", "qq" * 41],
            f"the column '{'qq' * 40}' is not known",
            f"Remove it, or call it {NAMES}. {HELP}",
        ),
        (["epost", *["x"] * 100], "the header has more than 100 columns", f"Keep those that are known: {NAMES}."),
    ],
)
def test_a_header_that_cannot_be_used_is_refused_with_what_to_do(cells: list[str], what: str, hint: str) -> None:
    with pytest.raises(SpreadsheetError) as refused:
        read_header(cells, where="people.csv:1")
    assert (refused.value.what, refused.value.where, refused.value.hint) == (what, "people.csv:1", hint)


def test_a_hundred_columns_are_not_too_many_and_empty_ones_at_the_end_are_none() -> None:
    with pytest.raises(SpreadsheetError, match="the column 'x' is not known"):
        read_header(["epost", *["x"] * 99], where="x")
    assert read_header(["epost", *[" "] * 200], where="x") == {"address": 0}


def test_of_three_columns_that_may_be_meant_the_nearest_is_said_first() -> None:
    with pytest.raises(SpreadsheetError) as refused:
        read_header(["epost", "fornavnet"], where="x")
    assert refused.value.hint == f"Did you mean fornavn or navn? Else remove it. {HELP}"


def test_list_and_basis_are_of_the_file_or_of_all_its_lines(register: Register) -> None:
    given = RowDefaults(list=register.lists[0], basis="e: case 1")
    check_defaults({"address": 0}, given, where="x")
    check_defaults({"list": 0, "basis": 1}, RowDefaults(), where="x")
    for defaults, what, hint in (
        (
            RowDefaults(basis="e: case 1"),
            "nothing says which list these subscribers are for",
            "Add a column liste, or name the list with --list.",
        ),
        (
            RowDefaults(list=register.lists[0]),
            "nothing says on what basis these people may be written to",
            "Add a column grunnlag, or give it with --basis.",
        ),
    ):
        with pytest.raises(MailerError) as refused:
            check_defaults({"address": 0}, defaults, where="people.csv")
        assert (refused.value.what, refused.value.where, refused.value.hint) == (what, "people.csv", hint)
    assert [says_statuses({each: 0}) for each in ("address", "status", "subscribed", "unsubscribed")] == [
        *(False, True, True, True)
    ]
