"""Importing: all or nothing, every line accounted for, nobody who left comes back, and twice is the same as once.

`staging` puts the lines into the tables of `staging_tables` meanwhile; `applying` writes what they come to.
"""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from mailer.errors import MailerError
from mailer.subscribers.facts.changes import Change
from mailer.subscribers.files.columns import RowDefaults
from mailer.subscribers.imports import applying, staging
from mailer.subscribers.imports.importing import (
    ImportOptions,
    ImportProgress,
    ImportReport,
    Outcome,
    import_files,
)
from mailer.subscribers.imports.model import ImportLine
from mailer.subscribers.model import Register, SubscriptionStatus
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.people.suppressing import suppress
from mailer.subscribers.people.suppression import SuppressionReason

EXAMPLES = settings().max_examples  # of the profile: the normal run's, or many more in `poe soak`

BASIS = RowDefaults(basis="art. 6(1)(e), case 1")
Import = Callable[..., ImportReport]


@pytest.fixture
def import_text(store: SubscriberStore, register: Register, tmp_path: Path) -> Import:
    def run(text: str, *, dry_run: bool = False, skip_invalid: bool = False) -> ImportReport:
        file = tmp_path / "people.csv"
        file.write_text(text, encoding="utf-8")
        options = ImportOptions(defaults=BASIS, dry_run=dry_run, skip_invalid=skip_invalid)
        return import_files(store, register, [file], options=options)

    return run


def write_xlsx(file: Path, rows: list[list[str]]) -> None:
    book = Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    book.save(file)


def _counted(report: ImportReport) -> dict[str, int]:
    return {outcome.value: number for outcome, number in report.counts.items() if number}


PEOPLE = """epost;navn;liste;språk;rolle
Ole@Kommune.example;Ole Ås;fonna;nb;kommune
kari@kommune.example;Kari;Fonna;;
siri@kommune.example;Siri;oslo;;
ole@kommune.example;Ole Ås;oslo;;
"""


def test_new_people_are_on_their_lists_with_basis_file_and_line(store: SubscriberStore, import_text: Import) -> None:
    assert _counted(import_text(PEOPLE)) == {"new": 4}
    ole = store.show("ole@kommune.example")
    kari = store.show("kari@kommune.example")
    assert ole is not None
    assert kari is not None
    assert (ole.address_as_given, ole.name, ole.lang, ole.role) == ("Ole@Kommune.example", "Ole Ås", "nb", "kommune")
    assert [each.list for each in ole.subscriptions] == ["fonna", "oslo"]
    assert kari.lang == "nn"  # Fonna's own language, since the file names none
    consent = ole.subscriptions[1].consent
    assert consent is not None
    assert (consent.basis, consent.method, consent.source_line) == ("art. 6(1)(e), case 1", "import", 5)
    assert (ole.source, consent.source) == ("people.csv", "people.csv")  # the folder is nobody's business
    assert [(each.action, each.detail["list"]) for each in store.history("ole@kommune.example")] == [
        ("subscribed", "fonna"),
        ("subscribed", "oslo"),
    ]


def test_importing_the_same_file_again_changes_nothing(store: SubscriberStore, import_text: Import) -> None:
    import_text(PEOPLE)
    before = [(each, store.history(each.address)) for each in store.find("")]
    assert _counted(import_text(PEOPLE)) == {"unchanged": 4}
    assert [(each, store.history(each.address)) for each in store.find("")] == before


def test_changes_are_told_field_by_field_and_an_empty_cell_changes_nothing(
    store: SubscriberStore, import_text: Import
) -> None:
    import_text(PEOPLE)
    report = import_text("epost;navn;liste;språk;rolle\nOLE@kommune.example;Ole ØDEGÅRD;fonna;nn;\n")
    assert _counted(report) == {"changed": 1}
    (line,) = report.lines
    assert (line.line, line.outcome) == (2, Outcome.CHANGED)
    assert line.changes == (
        Change(field="name", old="Ole Ås", new="Ole ØDEGÅRD"),
        Change(field="lang", old="nb", new="nn"),
    )
    (ole,) = store.find("ødegård")
    assert (ole.name, ole.lang, ole.role) == ("Ole ØDEGÅRD", "nn", "kommune")
    assert store.history("ole@kommune.example")[-1].detail == {"field": "lang", "old": "nb", "new": "nn"}


def test_another_basis_for_who_is_on_the_list_is_told_and_recorded_beside_the_first(
    store: SubscriberStore, import_text: Import
) -> None:
    import_text("epost;liste;grunnlag\nole@x.example;oslo;e: case 1\nole@x.example;agder;e: case 1\n")
    text = "epost;liste;grunnlag\nOle@x.example;oslo;a: said yes\nole@x.example;agder;e: case 1\n"
    tried = import_text(text, dry_run=True)
    report = import_text(text)
    assert _counted(tried) == _counted(report) == {"changed": 1, "unchanged": 1}
    change = Change(field="basis", old="e: case 1", new="a: said yes")
    assert [(each.line, each.list, each.changes) for each in report.lines] == [(2, "oslo", (change,))]
    (ole,) = store.find("ole")
    consents = {each.list: each.consents for each in ole.subscriptions}
    assert [(each.basis, each.article, each.source_line, each.list) for each in consents["oslo"]] == [
        ("e: case 1", "e", 2, "oslo"),
        ("a: said yes", "a", 2, "oslo"),
    ]
    assert [each.basis for each in consents["agder"]] == ["e: case 1"]
    last = store.history("ole@x.example")[-1]
    detail = {"field": "basis", "old": "e: case 1", "new": "a: said yes", "list": "oslo"}
    assert (last.action, last.detail) == ("changed", detail)
    assert _counted(import_text(text)) == {"unchanged": 2}


def test_the_same_person_twice_on_one_list_is_a_duplicate(import_text: Import) -> None:
    report = import_text("epost;liste\na@x.example;oslo\nA@X.example;oslo\n")
    assert _counted(report) == {"new": 1, "duplicate": 1}
    assert [(each.line, each.outcome) for each in report.lines] == [(3, Outcome.DUPLICATE)]


def test_nobody_who_left_or_is_suppressed_is_put_back(store: SubscriberStore, import_text: Import) -> None:
    import_text(PEOPLE)
    store.remove("siri@kommune.example")
    store.remove("ole@kommune.example", list_slug="fonna")
    suppress(store, "kari@kommune.example", reason=SuppressionReason.COMPLAINT)
    suppress(store, "never@kommune.example", reason=SuppressionReason.ERASED)
    report = import_text(
        PEOPLE.replace("Siri", "Siri Ny")
        + "siri@kommune.example;Siri;agder;;\nole@kommune.example;Ole Ås;agder;;\nnever@kommune.example;N;agder;;\n"
    )
    assert _counted(report) == {"new": 1, "unchanged": 1, "left": 3, "suppressed": 2}
    assert [(each.line, each.outcome.value) for each in report.lines] == [
        (2, "left"),
        (3, "suppressed"),
        (4, "left"),
        (6, "left"),
        (8, "suppressed"),
    ]
    siri = store.show("siri@kommune.example")
    ole = store.show("ole@kommune.example")
    assert siri is not None
    assert ole is not None
    assert siri.name == "Siri"
    assert [each.status for each in siri.subscriptions] == [SubscriptionStatus.UNSUBSCRIBED]
    assert [(each.list, each.status.value) for each in ole.subscriptions] == [
        ("fonna", "unsubscribed"),
        ("agder", "active"),
        ("oslo", "active"),
    ]


def test_who_is_suppressed_on_one_list_is_taken_in_on_others(store: SubscriberStore, import_text: Import) -> None:
    suppress(store, "ole@x.example", reason=SuppressionReason.MANUAL, list_slug="oslo")
    report = import_text("epost;liste\nole@x.example;oslo\nole@x.example;agder\n")
    assert _counted(report) == {"new": 1, "suppressed": 1}


def test_one_invalid_line_stops_everything_unless_it_may_be_skipped(
    store: SubscriberStore, import_text: Import
) -> None:
    text = PEOPLE + "no address;Per;oslo;;\n"
    stopped = import_text(text)
    assert not stopped.applied
    assert _counted(stopped) == {"new": 4, "invalid": 1}
    assert [(each.line, each.outcome) for each in stopped.lines] == [(6, Outcome.INVALID)]
    assert store.find("") == ()
    skipped = import_text(text, skip_invalid=True)
    assert skipped.applied
    assert skipped.counts == stopped.counts
    assert len(store.find("")) == 3


def test_a_dry_run_tells_the_same_and_writes_nothing(store: SubscriberStore, import_text: Import) -> None:
    tried = import_text(PEOPLE, dry_run=True)
    assert not tried.applied
    assert store.find("") == ()
    assert import_text(PEOPLE).counts == tried.counts


def test_a_file_that_breaks_off_far_down_leaves_nothing_behind(store: SubscriberStore, import_text: Import) -> None:
    many = "".join(f"n{number}@x.example;N;oslo;;\n" for number in range(2100))
    with pytest.raises(MailerError, match="quotation mark"):
        import_text(PEOPLE + many + 'x@x.example;"N;oslo;;\n', skip_invalid=True)
    assert store.find("") == ()


@pytest.mark.slow
def test_more_people_than_one_batch_all_come_in_and_are_all_changed(
    store: SubscriberStore, import_text: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "BATCH", 300)
    monkeypatch.setattr(applying, "BATCH", 300)
    text = "epost;liste\n" + "".join(f"n{number}@x.example;oslo\n" for number in range(2100))
    assert _counted(import_text(text)) == {"new": 2100}
    assert _counted(import_text(text)) == {"unchanged": 2100}
    named = "epost;navn;liste\n" + "".join(f"n{number}@x.example;N {number};oslo\n" for number in range(2100))
    assert _counted(import_text(named)) == {"changed": 2100}
    assert {each.name for each in store.read_audience(["oslo"])} == {f"N {number}" for number in range(2100)}
    other = "epost;liste;grunnlag\n" + "".join(f"n{number}@x.example;oslo;a: {number}\n" for number in range(2100))
    assert _counted(import_text(other)) == {"changed": 2100}
    person = store.show("n2099@x.example")
    assert person is not None
    assert person.subscriptions[0].consent is not None
    assert person.subscriptions[0].consent.basis == "a: 2099"


def test_who_is_suppressed_is_found_in_every_batch(
    store: SubscriberStore, import_text: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "BATCH", 2)
    for number in (0, 2, 3, 5):
        suppress(store, f"n{number}@x.example", reason=SuppressionReason.COMPLAINT)
    text = "epost;liste\n" + "".join(f"n{number}@x.example;oslo\n" for number in range(6))
    assert _counted(import_text(text)) == {"new": 2, "suppressed": 4}
    assert [each.address for each in store.find("")] == ["n1@x.example", "n4@x.example"]


def test_terms_that_are_forgotten_between_two_lines_are_right_on_both(
    store: SubscriberStore, import_text: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "REMEMBERED_TERMS", 1)
    given = [("ole", "oslo", "kommune"), ("kari", "fonna", "annet"), ("siri", "oslo", "kommune")]
    lines = "".join(f"{name}@x.example;{slug};{role};e: {role}\n" for name, slug, role in given)
    assert _counted(import_text(f"epost;liste;rolle;grunnlag\n{lines}")) == {"new": 3}
    found = {each.address: each for each in store.find("")}
    for name, slug, role in given:
        person = found[f"{name}@x.example"]
        (subscription,) = person.subscriptions
        assert subscription.consent is not None
        assert (person.role, subscription.list, subscription.consent.basis) == (role, slug, f"e: {role}")


def test_the_default_list_holds_where_no_column_names_one(
    store: SubscriberStore, register: Register, tmp_path: Path
) -> None:
    file = tmp_path / "people.csv"
    file.write_text("epost\na@x.example\n", encoding="utf-8")
    options = ImportOptions(defaults=RowDefaults(basis="b: avtale", list=register.find("vestfold")))
    assert import_files(store, register, [file], options=options).applied
    assert [each.lists for each in store.read_audience()] == [("vestfold",)]


def test_two_imports_at_once_make_each_address_one_subscriber(
    store: SubscriberStore, register: Register, tmp_path: Path
) -> None:
    file = tmp_path / "people.csv"
    file.write_text("epost;liste\n" + "".join(f"n{number}@x.example;oslo\n" for number in range(300)), encoding="utf-8")
    options = ImportOptions(defaults=BASIS)
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(lambda each: import_files(store, register, [each], options=options), [file, file]))
    assert sorted(each.counts[Outcome.NEW] for each in reports) == [0, 300]
    assert sum(1 for _ in store.read_audience()) == 300


@pytest.mark.slow
def test_two_processes_that_import_at_once_make_each_address_one_subscriber(
    sqlite_store: SubscriberStore, tmp_path: Path, repository: Path
) -> None:
    people = "".join(f"n{number}@x.example;oslo\n" for number in range(1000))
    file = tmp_path / "people.csv"
    file.write_text("epost;liste\n" + people, encoding="utf-8")
    code = f"""
from datetime import UTC, datetime
from pathlib import Path
from mailer.database.engine import open_database
from mailer.subscribers.files.columns import RowDefaults
from mailer.subscribers.imports.importing import ImportOptions, import_files
from mailer.subscribers.register import read_register
from mailer.subscribers.people.store import SubscriberStore
database = open_database({str(sqlite_store.database.engine.url)!r})
store = SubscriberStore(database, clock=lambda: datetime.now(UTC), suppression_key=b"suppression-key-of-tests")
options = ImportOptions(defaults=RowDefaults(basis="b: avtale"))
register = read_register(Path({str(repository / "subscribers")!r}))
report = import_files(store, register, [Path({str(file)!r})], options=options)
print(report.counts["new"], report.counts["unchanged"])
"""
    processes = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = sorted(process.communicate()[0].split() for process in processes)
    assert said == [["0", "1000"], ["1000", "0"]]
    assert sum(1 for _ in sqlite_store.read_audience()) == 1000


_row = st.tuples(st.sampled_from(["a", "b", "A", "c d", "e@"]), st.sampled_from(["oslo", "agder", "nowhere", ""]))


@settings(max_examples=EXAMPLES // 4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(_row, max_size=8))
def test_counts_always_add_up_to_the_lines_and_a_second_import_finds_nothing_new(
    sqlite_store: SubscriberStore, register: Register, tmp_path: Path, rows: list[tuple[str, str]]
) -> None:
    file = tmp_path / "people.csv"
    file.write_text("epost;liste\n" + "".join(f"{who}@x.example;{slug}\n" for who, slug in rows), encoding="utf-8")
    options = ImportOptions(defaults=BASIS, skip_invalid=True)
    first = import_files(sqlite_store, register, [file], options=options)
    again = import_files(sqlite_store, register, [file], options=options)
    assert sum(first.counts.values()) == sum(again.counts.values()) == len(rows)
    assert again.counts[Outcome.NEW] == again.counts[Outcome.CHANGED] == 0
    assert again.counts[Outcome.INVALID] == first.counts[Outcome.INVALID]


@settings(max_examples=EXAMPLES * 2 // 5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 260), put=st.binary(min_size=1, max_size=3))
def test_a_damaged_file_is_imported_whole_or_not_at_all(
    sqlite_store: SubscriberStore, register: Register, tmp_path: Path, at: int, put: bytes
) -> None:
    content = bytearray(PEOPLE.encode())
    content[at : at + len(put)] = put
    (tmp_path / "people.csv").write_bytes(content)
    before = sqlite_store.find("")
    applied = False
    try:
        options = ImportOptions(defaults=BASIS)
        applied = import_files(sqlite_store, register, [tmp_path / "people.csv"], options=options).applied
    except MailerError as refused:
        assert refused.where  # noqa: PT017 being refused is only one of the two right answers
    assert applied or sqlite_store.find("") == before


def test_the_progress_is_told_step_by_step_with_as_many_lines_as_the_files_have(
    sqlite_store: SubscriberStore, register: Register, tmp_path: Path
) -> None:
    sqlite_store.add("a@x.example", lists=["oslo"], basis=BASIS.basis)
    first, second, book = tmp_path / "1.csv", tmp_path / "2.csv", tmp_path / "3.xlsx"
    first.write_text("epost;liste\na@x.example;bergen\nfeil;oslo\n", "utf-8")
    second.write_text("epost;liste\nb@x.example;oslo\n", "utf-8")
    write_xlsx(book, [["epost", "liste"], ["c@x.example", "oslo"]])
    told: list[ImportProgress] = []
    for files in ([first, second], [book]):
        options = ImportOptions(defaults=BASIS, skip_invalid=True)
        import_files(sqlite_store, register, files, options=options, progress=told.append)
    writing = [ImportProgress(step="writing", done=done, total=6) for done in range(1, 7)]
    assert told == [
        ImportProgress(step="reading", done=3, total=5),  # a header is a line until it is read
        ImportProgress(step="comparing", done=2, total=2),
        *writing,
        ImportProgress(step="reading", done=1, total=None),
        *writing,
    ]
    with pytest.raises(MailerError, match="cannot be read"):
        import_files(sqlite_store, register, [first, tmp_path / "none.csv"], options=ImportOptions(defaults=BASIS))


def test_the_lines_of_several_files_are_told_in_their_order_the_notable_ones_or_all(
    sqlite_store: SubscriberStore, register: Register, tmp_path: Path
) -> None:
    sqlite_store.add("z@x.example", lists=["oslo"], basis=BASIS.basis, name="Siri")
    texts = ("Z@x.example;oslo;Liv\nfeil;oslo;\na@x.example;oslo;\n", "z@x.example;oslo;\nb@x.example;oslo;Bo\n")
    files = [tmp_path / f"{number}.csv" for number in range(2)]
    for file, text in zip(files, texts, strict=True):
        file.write_text(f"epost;liste;navn\n{text}", "utf-8")
    told: list[ImportLine] = []
    options = ImportOptions(defaults=BASIS, dry_run=True)
    report = import_files(sqlite_store, register, files, options=options, every_line=told.append)
    name = Change(field="name", old="Siri", new="Liv")
    assert [(Path(each.file).name, each.line, each.outcome, each.address, each.changes) for each in told] == [
        ("0.csv", 2, Outcome.CHANGED, "Z@x.example", (name,)),
        ("0.csv", 3, Outcome.INVALID, "", ()),
        ("0.csv", 4, Outcome.NEW, "a@x.example", ()),
        ("1.csv", 2, Outcome.DUPLICATE, "z@x.example", ()),
        ("1.csv", 3, Outcome.NEW, "b@x.example", ()),
    ]
    assert told[1].cells == {"address": "feil", "list": "oslo", "name": ""}
    assert [*report.lines] == [told[0], told[1], told[3]]
    assert [*import_files(sqlite_store, register, files, options=options).lines] == [*report.lines]
