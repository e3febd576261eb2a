"""Exports open right in Excel, calculate nothing, and come back through import as they were."""

import csv
import gc
import os
from dataclasses import replace
from pathlib import Path
from unicodedata import normalize

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailer.database.tables import subscriber
from mailer.errors import ExitCode, MailerError
from mailer.spreadsheets.formulas import restore
from mailer.subscribers.files import exporting
from mailer.subscribers.files.columns import COLUMNS, RowDefaults
from mailer.subscribers.files.exporting import ExportChoice, Format, export
from mailer.subscribers.files.reading import SubscriberRow, read_rows
from mailer.subscribers.imports.importing import ImportOptions, Outcome, import_files
from mailer.subscribers.model import Register, SubscriptionStatus
from mailer.subscribers.people.merging import merge_lists
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.people.suppressing import suppress
from mailer.subscribers.people.suppression import SuppressionReason

EXAMPLES = settings().max_examples  # of the profile: the normal run's, or many more in `poe soak`
# The file is the same whatever the database.
ON_SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)

ALL = ExportChoice(statuses=tuple(SubscriptionStatus))


@pytest.fixture
def filled(store: SubscriberStore) -> SubscriberStore:
    store.add("Åse@x.example", lists=["bergen", "oslo"], basis="e: sak 1", name='=HYPERLINK("http://x")', lang="nn")
    store.add(
        "+per@x.example", lists=["oslo"], basis="e: sak 2", name="Áilu; čđŋšŧž", organisation="@SUM(1)", role="kommune"
    )
    store.add("kari@x.example", lists=["agder"], basis="e: case 1", name="Kari")
    store.remove("kari@x.example")
    return store


def _cells(file: Path) -> list[list[str]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.reader(lines, delimiter=";"))


def test_excel_finds_its_mark_its_semicolons_and_no_formula(filled: SubscriberStore, tmp_path: Path) -> None:
    file = tmp_path / "all.csv"
    assert export(filled, file, choice=ExportChoice(), form=Format.EXCEL) == 3
    assert file.read_bytes().startswith(
        b"\xef\xbb\xbfepost;navn;organisasjon;rolle;spr\xc3\xa5k;liste;grunnlag;status\r\n"
    )
    rows = _cells(file)
    assert rows[1] == ["Åse@x.example", '\'=HYPERLINK("http://x")', "", "", "nn", "bergen", "e: sak 1", "active"]
    assert not any(cell[:1] in tuple("=+-@") for row in rows for cell in row if cell)


@pytest.mark.parametrize("form", list(Format))
def test_what_is_exported_comes_back_unchanged(
    filled: SubscriberStore, register: Register, tmp_path: Path, form: Format
) -> None:
    file = tmp_path / ("all.xlsx" if form is Format.XLSX else "all.csv")
    export(filled, file, choice=ALL, form=form)
    report = import_files(filled, register, [file], options=ImportOptions())
    assert {outcome: number for outcome, number in report.counts.items() if number} == {
        Outcome.UNCHANGED: 3,
        Outcome.LEFT: 1,
    }


@pytest.mark.parametrize(
    ("choice", "addresses"),
    [
        (ExportChoice(lists=["oslo"]), ["Åse@x.example", "+per@x.example"]),
        (ExportChoice(region="vest"), ["Åse@x.example"]),
        (ExportChoice(statuses=[SubscriptionStatus.UNSUBSCRIBED]), ["kari@x.example"]),
        (ExportChoice(lists=["agder"]), []),
    ],
)
def test_lists_regions_and_statuses_can_be_chosen(
    filled: SubscriberStore, tmp_path: Path, choice: ExportChoice, addresses: list[str]
) -> None:
    export(filled, tmp_path / "some.csv", choice=choice, form=Format.EXCEL)
    assert [restore(row[0]) for row in _cells(tmp_path / "some.csv")[1:]] == addresses


def test_a_workbook_shows_a_mark_for_what_no_workbook_holds(
    store: SubscriberStore, register: Register, tmp_path: Path
) -> None:
    """An older version stored such names."""
    store.add("kari@x.example", lists=["oslo"], basis="e: case 1", name="Kari")
    with store.database.writing() as connection:
        connection.execute(subscriber.update().values(name="Kari\ufffe \uffffMoe"))
    file = tmp_path / "all.xlsx"
    assert export(store, file, choice=ALL, form=Format.XLSX) == 1
    (row,) = read_rows(file, register, defaults=RowDefaults())
    assert isinstance(row, SubscriberRow)
    assert row.name == "Kari\ufffd \ufffdMoe"


def test_a_workbook_has_no_more_rows_than_excel_and_is_refused_whole(
    sqlite_store: SubscriberStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "MAXIMUM_ROWS", 3)  # the header is one of them
    for number in range(2):
        sqlite_store.add(f"p{number}@x.example", lists=["oslo"], basis="e: case 1")
    file = tmp_path / "all.xlsx"
    assert export(sqlite_store, file, choice=ALL, form=Format.XLSX) == 2
    sqlite_store.add("one@x.example", lists=["oslo"], basis="e: case 1")
    with pytest.raises(MailerError) as refused:
        export(sqlite_store, file, choice=ALL, form=Format.XLSX)
    assert refused.value.what == "there are more rows than a sheet of Excel holds"
    assert refused.value.hint == "Export to CSV, or list by list."
    del refused
    gc.collect()  # and nothing is said of a sheet that was left open
    assert export(sqlite_store, tmp_path / "all.csv", choice=ALL, form=Format.EXCEL) == 3


def test_a_file_that_cannot_be_written_is_named(filled: SubscriberStore, tmp_path: Path) -> None:
    file = tmp_path / "no" / "such.csv"
    with pytest.raises(MailerError, match="cannot be written") as refused:
        export(filled, file, choice=ALL, form=Format.PLAIN)
    assert (refused.value.where, refused.value.exit_code) == (str(file), ExitCode.INPUT_OUTPUT)
    assert refused.value.hint == "Check the name, then run the command again."


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no such modes")
@ON_SQLITE
@pytest.mark.parametrize("form", list(Format))
@pytest.mark.parametrize("is_there", [False, True])
def test_the_file_is_for_its_owner_only(
    filled: SubscriberStore, tmp_path: Path, form: Format, *, is_there: bool
) -> None:
    file = tmp_path / "own"
    if is_there:
        file.write_text("what was here before, longer than anything else\n" * 1_000)
        file.chmod(0o644)
    assert export(filled, file, choice=ALL, form=form) == 4
    assert file.stat().st_mode & 0o777 == 0o600
    assert b"what was here before" not in file.read_bytes()


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no such devices")
def test_a_device_keeps_its_rights(filled: SubscriberStore, monkeypatch: pytest.MonkeyPatch) -> None:
    changed: list[int] = []
    monkeypatch.setattr(os, "fchmod", lambda descriptor, _mode: changed.append(descriptor))
    export(filled, Path(os.devnull), choice=ALL, form=Format.EXCEL)
    assert changed == []


def test_a_file_is_written_also_where_a_system_has_no_modes(
    filled: SubscriberStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "fchmod", raising=False)
    file = tmp_path / "own.csv"
    assert export(filled, file, choice=ALL, form=Format.EXCEL) == 4
    assert os.name == "nt" or file.stat().st_mode & 0o777 == 0o600


def test_subscriptions_of_a_list_that_was_merged_are_not_exported(
    filled: SubscriberStore, register: Register, tmp_path: Path
) -> None:
    """No file could bring them back: there is no such list any more."""
    without = replace(register, lists=tuple(each for each in register.lists if each.slug != "bergen"))
    merge_lists(filled, without, "bergen", "oslo")
    file = tmp_path / "all.csv"
    export(filled, file, choice=ALL, form=Format.EXCEL)
    assert {row[5] for row in _cells(file)[1:]} == {"oslo", "agder"}
    report = import_files(filled, without, [file], options=ImportOptions())
    assert report.counts[Outcome.INVALID] == 0


_words = st.text(
    alphabet=st.characters(exclude_categories=("C", "Z")) | st.sampled_from(" ;,'\"=+-@|"), max_size=30
).map(lambda text: normalize("NFC", " ".join(text.split())))
_people = st.lists(
    st.tuples(
        st.from_regex(r"[a-z+=']{1,8}", fullmatch=True), _words, _words, st.sampled_from(["nb", "nn", "se", "en"])
    ),
    max_size=6,
    unique_by=lambda person: person[0],
)


@settings(max_examples=EXAMPLES * 3 // 5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people=_people, form=st.sampled_from([Format.EXCEL, Format.PLAIN, Format.XLSX]))
def test_any_table_survives_export_and_reading(
    register: Register,
    tmp_path: Path,
    people: list[tuple[str, str, str, str]],
    form: Format,
) -> None:
    file = tmp_path / "people.any"
    rows = [(f"{who}@x.example", name, place, "", lang, "oslo", "e: x", "active") for who, name, place, lang in people]
    with exporting._open(file, form) as out:
        exporting._write(out, [COLUMNS[each][0] for each in exporting.EXPORTED], rows, form)
    read = list(read_rows(file, register, defaults=RowDefaults()))
    assert [
        (each.address.as_given, each.name, each.organisation, each.lang)
        for each in read
        if isinstance(each, SubscriberRow)
    ] == [(row[0], row[1], row[2], row[4]) for row in rows]
    assert len(read) == len(rows)


@pytest.mark.parametrize("form", list(Format))
def test_where_nobody_is_exported_none_are_counted(sqlite_store: SubscriberStore, tmp_path: Path, form: Format) -> None:
    assert export(sqlite_store, tmp_path / "none", choice=ALL, form=form) == 0


def test_rows_stand_in_the_order_of_people_and_lists_with_what_keeps_each_person_out(
    sqlite_store: SubscriberStore, tmp_path: Path
) -> None:
    store, file = sqlite_store, tmp_path / "all.csv"
    for name, lists in (("ole", ["oslo", "bergen"]), ("kari", ["oslo", "agder"]), ("eva", ["agder"])):
        store.add(f"{name}@x.example", lists=lists, basis="e: sak 1")
    store.add("liv@x.example", lists=["agder"], basis="e: sak 1")
    suppress(store, "ole@x.example", reason=SuppressionReason.MANUAL, list_slug="agder")
    suppress(store, "kari@x.example", reason=SuppressionReason.COMPLAINT, list_slug="agder")
    suppress(store, "kari@x.example", reason=SuppressionReason.COMPLAINT)
    suppress(store, "liv@x.example", reason=SuppressionReason.MANUAL)

    def rows(choice: ExportChoice) -> list[tuple[str, ...]]:
        number = export(store, file, choice=choice, form=Format.EXCEL)
        found: list[tuple[str, ...]] = [(row[0].partition("@")[0], *row[5:]) for row in _cells(file)[1:]]
        assert len(found) == number
        return found

    basis = "e: sak 1"
    kari = [("kari", "agder", basis, "suppressed"), ("kari", "oslo", basis, "suppressed")]
    liv = [("liv", "all", "", "suppressed"), ("liv", "agder", basis, "suppressed")]
    assert rows(ALL) == [
        ("ole", "agder", "", "suppressed"),
        ("ole", "bergen", basis, "active"),
        ("ole", "oslo", basis, "active"),
        ("kari", "all", "", "suppressed"),
        *kari,
        ("eva", "agder", basis, "active"),
        *liv,
    ]
    assert rows(ExportChoice()) == [
        ("ole", "bergen", basis, "active"),
        ("ole", "oslo", basis, "active"),
        ("eva", "agder", basis, "active"),
    ]
    suppressed = ExportChoice(lists=["agder"], statuses=[SubscriptionStatus.SUPPRESSED])
    assert rows(suppressed) == [("kari", "all", "", "suppressed"), kari[0], *liv, ("ole", "agder", "", "suppressed")]
    assert rows(replace(suppressed, region="vest")) == []
