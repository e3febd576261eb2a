"""The example subscribers: all lists, plausible, invented, and nobody who could really be written to."""

from pathlib import Path

import pytest

from mailer.subscribers.files.columns import RowDefaults
from mailer.subscribers.files.reading import SubscriberRow, read_rows
from mailer.subscribers.imports.importing import ImportOptions, Outcome, import_files
from mailer.subscribers.model import Register
from mailer.subscribers.people.store import SubscriberStore


@pytest.fixture(scope="session")
def example_files(repository: Path) -> list[Path]:
    return sorted((repository / "subscribers").glob("example-*.csv"))


@pytest.fixture(scope="session")
def example_rows(example_files: list[Path], register: Register) -> list[SubscriberRow]:
    rows = [row for file in example_files for row in read_rows(file, register, defaults=RowDefaults())]
    return [row for row in rows if isinstance(row, SubscriberRow)]


def test_every_helsefellesskap_has_a_file_with_at_least_twelve_people(
    example_files: list[Path], example_rows: list[SubscriberRow], register: Register
) -> None:
    assert {each.stem for each in example_files} == {f"example-{each.slug}" for each in register.helsefellesskap}
    for each in register.helsefellesskap:
        assert sum(row.list == each for row in example_rows) >= 12


def test_nobody_among_them_can_be_written_to(example_rows: list[SubscriberRow]) -> None:
    assert {row.address.normalised.rpartition(".")[2] for row in example_rows} == {"example"}


def test_they_have_many_letters_roles_and_languages(example_rows: list[SubscriberRow]) -> None:
    assert set("æøåáčđŋšŧž") <= set("".join(row.name for row in example_rows).casefold())
    assert {row.role for row in example_rows} == {
        "kommune",
        "helseforetak",
        "fastlege",
        "brukerrepresentant",
        "direktorat",
    }
    assert {row.lang for row in example_rows} == {"nb", "nn", "se"}
    assert all(row.organisation and row.basis for row in example_rows)


def test_all_files_go_in_at_once_without_a_word_and_some_people_are_on_two_lists(
    sqlite_store: SubscriberStore, register: Register, example_files: list[Path]
) -> None:
    report = import_files(sqlite_store, register, example_files, options=ImportOptions())
    assert report.applied
    assert ([*report.lines], report.counts[Outcome.NEW]) == ([], sum(report.counts.values()))
    members = list(sqlite_store.read_audience())
    assert sum(len(each.helsefellesskap) == 2 for each in members) >= 3
    assert sum(len(each.lists) for each in members) == report.counts[Outcome.NEW]
