"""What a file says of people who want no mail is remembered, told by name, undone exactly, and found in exports.

The words for it are in `statuses`, and `opt_outs_undone` takes it back.
"""

import csv
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from shutil import copyfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailer.database.engine import Database, open_database
from mailer.database.tables import consent, subscriber, subscription, suppression
from mailer.errors import MailerError
from mailer.subscribers.files.columns import RowDefaults
from mailer.subscribers.files.exporting import ExportChoice, Format, count_without_address, export
from mailer.subscribers.files.statuses import STATUS_WORDS
from mailer.subscribers.imports.importing import ImportOptions, ImportReport, import_files
from mailer.subscribers.imports.kept import Kept, KeptReason
from mailer.subscribers.imports.undoing import undo_import
from mailer.subscribers.model import Register, SubscriptionStatus
from mailer.subscribers.people.counting import read_growth
from mailer.subscribers.people.merging import merge_lists
from mailer.subscribers.people.moving import move_person
from mailer.subscribers.people.store import SubscriberError, SubscriberStore
from mailer.subscribers.people.suppressing import read_suppressions, release, suppress
from mailer.subscribers.people.suppression import SuppressionKeyError, SuppressionReason
from mailer.subscribers.register import sync_lists
from mailer.subscribers.rights.erasing import erase

Import = Callable[..., ImportReport]
EVERYBODY = ExportChoice(statuses=tuple(SubscriptionStatus))
UNSUBSCRIBED, SUPPRESSED = SubscriptionStatus.UNSUBSCRIBED, SubscriptionStatus.SUPPRESSED
KARI = "kari@x.example"
# What a word means is decided before any database is asked.
ON_SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.fixture
def import_text(store: SubscriberStore, register: Register, tmp_path: Path) -> Import:
    """Import lines of a file that says the status of each."""

    def run(text: str, *, header: str = "epost;navn;liste;status", dry_run: bool = False) -> ImportReport:
        file = tmp_path / "people.csv"
        file.write_text(f"{header}\n{text}", encoding="utf-8")
        options = ImportOptions(defaults=RowDefaults(basis="e: case 1"), dry_run=dry_run)
        return import_files(store, register, [file], options=options)

    return run


def _told(report: ImportReport) -> list[tuple[str, str, str]]:
    return [(each.outcome.value, each.list, each.reason) for each in report.lines]


def _counted(report: ImportReport) -> dict[str, int]:
    return {outcome.value: number for outcome, number in report.counts.items() if number}


def _statuses(store: SubscriberStore, address: str = KARI) -> dict[str, str]:
    found = store.show(address)
    return {each.list: each.status.value for each in found.subscriptions} if found else {}


def _scopes(store: SubscriberStore, address: str = KARI) -> list[tuple[str, str]]:
    return [(each.scope, each.reason.value) for each in read_suppressions(store, address)]


def _is_empty(store: SubscriberStore) -> bool:
    with store.database.reading() as connection:
        rows = [connection.execute(each.select().limit(1)).first() for each in (subscriber, consent)]
        held = suppression.select().where(suppression.c.scope != "#key")
        return not any(rows) and not connection.execute(held).first()


def test_who_had_left_elsewhere_stays_out_of_a_later_file_without_the_column(
    store: SubscriberStore, import_text: Import
) -> None:
    report = import_text(
        "a@x.example;A Person;bergen;avmeldt\nb@x.example;B;bergen;bounced\nc@x.example;C;;unsubscribed\n"
        "d@x.example;D;alle;sperret\ne@x.example;E;bergen;active\n"
    )
    assert _counted(report) == {"new": 1, "kept_out": 4}
    assert [reason for _, _, reason in _told(report)] == [
        "the file says avmeldt",
        "the file says bounced",
        "the file says unsubscribed",
        "the file says sperret",
    ]
    later = import_text(
        "".join(f"{each}@x.example;{each.upper()};bergen\n" for each in "abcde"), header="epost;navn;liste"
    )
    assert _counted(later) == {"unchanged": 1, "left": 1, "suppressed": 3}
    assert [each.address for each in store.read_audience() if not each.exclusion] == ["e@x.example"]


def test_of_somebody_unknown_only_the_address_is_kept_and_no_consent(
    store: SubscriberStore, import_text: Import
) -> None:
    import_text("kari@x.example;Kari Nordmann;bergen;avmeldt\n")
    kari = store.show(KARI)
    assert kari is not None
    assert (kari.name, kari.organisation, kari.role, kari.source) == ("", "", "", "people.csv")
    assert [each.consents for each in kari.subscriptions] == [()]
    (event,) = store.history(KARI)
    assert event.action == "kept_out"
    assert event.detail["source"], event.detail["line"] == ("people.csv", "2")


def test_who_is_on_the_list_leaves_it_by_name_in_the_dry_run_and_then(
    store: SubscriberStore, import_text: Import
) -> None:
    store.add(KARI, lists=["bergen", "oslo"], basis="e: case 1")
    line = "kari@x.example;;bergen;utmeldt\n"
    for dry_run in (True, False):
        report = import_text(line, dry_run=dry_run)
        assert _told(report) == [("leaves", "bergen", "the file says utmeldt")]
        assert report.lines[0].address == KARI
    assert _statuses(store) == {"bergen": "unsubscribed", "oslo": "active"}
    again = import_text(line)
    assert (_counted(again), again.id) == ({"left": 1}, None)


def test_a_line_for_all_lists_takes_somebody_off_every_one(store: SubscriberStore, import_text: Import) -> None:
    store.add(KARI, lists=["bergen", "oslo"], basis="e: case 1")
    report = import_text("kari@x.example;;;unsubscribed\n")
    assert _told(report) == [("leaves", "all", "the file says unsubscribed; leaves bergen, oslo")] or _told(report) == [
        ("leaves", "all", "the file says unsubscribed; leaves oslo, bergen")
    ]
    assert set(_statuses(store).values()) == {"unsubscribed"}
    assert _scopes(store) == []
    assert _counted(import_text("kari@x.example;;fonna\n", header="epost;navn;liste")) == {"left": 1}


@pytest.mark.parametrize(("word", "events"), [("unsubscribed", 1), ("sperret", 2)])
def test_a_subscription_that_is_suppressed_stays_as_it_is_when_a_file_says_so_of_all_lists(
    word: str, events: int, *, store: SubscriberStore, import_text: Import
) -> None:
    store.add(KARI, lists=["bergen", "oslo"], basis="e: case 1")
    suppress(store, KARI, reason=SuppressionReason.MANUAL, list_slug="bergen")
    before = len(store.history(KARI))
    import_text(f"kari@x.example;;;{word}\n")
    assert _statuses(store) == {"bergen": "suppressed", "oslo": "unsubscribed" if events == 1 else "suppressed"}
    assert [each.detail.get("list", each.detail.get("scope")) for each in store.history(KARI)[before:]] == [
        *("oslo", "all")[:events],
    ]


@pytest.mark.parametrize("is_known", [False, True])
def test_what_a_file_says_of_all_lists_is_not_said_again_of_one(
    *, is_known: bool, store: SubscriberStore, import_text: Import
) -> None:
    if is_known:
        store.add(KARI, lists=["bergen"], basis="e: case 1")
    import_text("kari@x.example;;bergen;bounced\nkari@x.example;;;sperret\n")
    assert _scopes(store) == [("all", "imported")]
    assert _statuses(store) == {"bergen": "suppressed"}
    assert [each.detail.get("said") for each in store.history(KARI) if each.action != "subscribed"] == [
        *(["sperret", "sperret"] if is_known else ["sperret", "bounced"]),
    ]


def test_a_suppression_of_the_file_is_one_of_one_list_or_of_all(store: SubscriberStore, import_text: Import) -> None:
    store.add(KARI, lists=["bergen", "oslo"], basis="e: case 1")
    import_text("kari@x.example;;bergen;suppressed\n")
    assert (_statuses(store), _scopes(store)) == (
        {"bergen": "suppressed", "oslo": "active"},
        [("bergen", "imported")],
    )
    import_text("kari@x.example;;all;complained\n")
    assert set(_statuses(store).values()) == {"suppressed"}
    assert read_suppressions(store, KARI)[-1].note == "people.csv:2 says complained"


@pytest.mark.parametrize("order", [1, -1])
def test_lines_of_one_person_on_several_lists_are_taken_each_for_itself(
    store: SubscriberStore, import_text: Import, order: int
) -> None:
    lines = ["kari@x.example;Kari;bergen;active\n", "kari@x.example;Kari;oslo;avmeldt\n"][::order]
    assert _counted(import_text("".join(lines))) == {"new": 1, "kept_out": 1}
    assert _statuses(store) == {"bergen": "active", "oslo": "unsubscribed"}
    found = store.show(KARI)
    assert found is not None
    assert found.name == "Kari"


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("list_", ["bergen", ""])
def test_of_two_lines_that_contradict_each_other_the_one_that_wants_no_mail_holds(
    store: SubscriberStore, import_text: Import, order: int, list_: str
) -> None:
    lines = ["kari@x.example;Kari;bergen;active\n", f"kari@x.example;Kari;{list_};avmeldt\n"][::order]
    report = import_text("".join(lines))
    assert _counted(report) == {"kept_out": 1, "duplicate": 1}
    assert ("duplicate", "bergen", "the file says avmeldt for the same address, which holds") in _told(report)
    assert [each for each in store.read_audience() if not each.exclusion] == []


def test_an_opt_out_needs_no_list_and_no_basis_and_others_do(
    store: SubscriberStore, register: Register, tmp_path: Path
) -> None:
    file = tmp_path / "cleaned.csv"
    file.write_text("email;status\nkari@x.example;cleaned\n", encoding="utf-8")
    assert import_files(store, register, [file], options=ImportOptions()).applied
    assert _scopes(store) == [("all", "imported")]
    file.write_text("email;status\nkari@x.example;cleaned\nole@x.example;\n", encoding="utf-8")
    with pytest.raises(MailerError, match="which list"):
        import_files(store, register, [file], options=ImportOptions())


@ON_SQLITE
@pytest.mark.parametrize(
    ("header", "cell", "expected"),
    [
        ("subscribed", "false", "unsubscribed"),
        ("subscribed", "Ja", "active"),
        ("påmeldt", "USANN", "unsubscribed"),
        ("unsubscribed", "True", "unsubscribed"),
        ("avmeldt", "nei", "active"),
        ("avmeldt", "", "active"),
        ("avmeldt", "12.03.2024", "unsubscribed"),
        ("avmeldt", "2024-03-12T00:00:00", "unsubscribed"),  # as a date of a workbook is read
        ("avmeldt", "2024-03-12T10:11:12Z", "unsubscribed"),
        ("avmeldt", "12. mars 2024", "unsubscribed"),
        ("UNSUB_TIME", "2023-01-02 10:00:00", "unsubscribed"),
        ("status", "Opted  Out", "unsubscribed"),
        ("status", "På vent", "pending"),
        ("Status", "Blocklisted", "suppressed"),
        ("status", "Har meldt seg ut", "unsubscribed"),
        ("status", "Ikkje aktiv", "unsubscribed"),
        ("status", "Av", "unsubscribed"),
        ("status", "På", "active"),
        ("status", "Retur", "suppressed"),
        ("påmeldt", "Til", "active"),
        ("påmeldt", "Frå", "unsubscribed"),
    ],
)
def test_other_systems_ways_of_saying_it_are_understood(
    store: SubscriberStore, import_text: Import, header: str, cell: str, expected: str
) -> None:
    import_text(f"kari@x.example;bergen;{cell}\n", header=f"epost;liste;{header}")
    assert _statuses(store) == {"bergen": expected}


@ON_SQLITE
@pytest.mark.parametrize(
    ("header", "cell"), [("status", "archived"), ("subscribed", "maybe"), ("avmeldt", "aktiv"), ("avmeldt", "av")]
)
def test_a_status_that_is_not_understood_stops_the_whole_file_and_says_what_may_stand_there(
    store: SubscriberStore, import_text: Import, header: str, cell: str
) -> None:
    text = f"ole@x.example;bergen;\nkari@x.example;bergen;{cell}\n"
    report = import_text(text, header=f"epost;liste;{header}")
    assert not report.applied
    (line,) = report.lines
    assert (line.line, cell in line.reason) == (3, True)
    assert "neither yes nor no" in line.reason or all(each in line.reason for each in ("avmeldt", "sperret", "aktiv"))
    assert _is_empty(store)


def test_no_word_means_two_things() -> None:
    words = [*SubscriptionStatus, *(word for words in STATUS_WORDS.values() for word in words)]
    assert len(words) == len(set(words))
    assert all(word == word.casefold() for word in words)


@pytest.mark.parametrize("was", [(), ("oslo",)], ids=["somebody new", "somebody on a list"])
def test_a_file_that_takes_somebody_out_of_one_list_and_into_another_is_undone(
    store: SubscriberStore, import_text: Import, was: tuple[str, ...]
) -> None:
    if was:
        store.add(KARI, lists=was, basis="e: case 1")
    report = import_text(f"{KARI};;oslo;suppressed\n{KARI};;agder;\n")
    assert _statuses(store) == {"oslo": "suppressed", "agder": "active"}
    undone = undo_import(store, report.id or 0)
    assert (undone.people, undone.subscriptions, undone.opt_outs, undone.kept) == (0 if was else 1, 1, 1, ())
    assert _statuses(store) == dict.fromkeys(was, "active")
    assert _scopes(store) == []


def test_undoing_puts_back_exactly_what_the_file_took(store: SubscriberStore, import_text: Import) -> None:
    store.add(KARI, lists=["bergen", "oslo"], basis="e: case 1")
    store.remove(KARI, list_slug="oslo")
    before, growth = store.show(KARI), read_growth(store)
    report = import_text(
        "kari@x.example;;bergen;avmeldt\nkari@x.example;;oslo;sperret\nkari@x.example;;agder;avmeldt\n"
        "ny@x.example;;fonna;sperret\nall@x.example;;;unsubscribed\nvent@x.example;;agder;pending\n"
    )
    assert report.id is not None
    undone = undo_import(store, report.id)
    assert (undone.people, undone.kept) == (3, ())
    assert store.show(KARI) == before
    assert [_scopes(store, each) for each in (KARI, "ny@x.example", "all@x.example")] == [[], [], []]
    assert [store.show(each) for each in ("ny@x.example", "all@x.example", "vent@x.example")] == [None] * 3
    assert read_growth(store).by_list == growth.by_list


def test_undoing_keeps_what_happened_since(store: SubscriberStore, import_text: Import) -> None:
    people = ["left@x.example", "hand@x.example", "back@x.example", "free@x.example"]
    for each in people:
        store.add(each, lists=["bergen"], basis="e: case 1")
    report = import_text("".join(f"{each};;bergen;{'sperret' if 'free' in each else 'avmeldt'}\n" for each in people))
    store.remove("left@x.example")
    suppress(store, "hand@x.example", reason=SuppressionReason.MANUAL, note="asked")
    store.add("back@x.example", lists=["bergen"], basis="a: asked", again=True)
    release(store, "free@x.example", note="asked", list_slug="bergen")
    assert report.id is not None
    undone = undo_import(store, report.id)
    assert (undone.opt_outs, undone.kept) == (
        0,
        (
            Kept(address="back@x.example", list="bergen", reason=KeptReason.CHANGED),
            Kept(address="free@x.example", list="bergen", reason=KeptReason.LEFT),
            Kept(address="hand@x.example", list="bergen", reason=KeptReason.SUPPRESSED),
            Kept(address="left@x.example", list="bergen", reason=KeptReason.LEFT),
        ),
    )
    assert {each: _statuses(store, each)["bergen"] for each in people} == {
        "left@x.example": "unsubscribed",
        "hand@x.example": "suppressed",
        "back@x.example": "active",
        "free@x.example": "unsubscribed",
    }


@pytest.mark.parametrize("list_", ["oslo", "all"])
@pytest.mark.parametrize("left", ["oslo", None])
def test_who_leaves_after_a_file_has_suppressed_them_stays_out_when_it_is_undone(
    store: SubscriberStore, import_text: Import, list_: str, left: str | None
) -> None:
    store.add(KARI, lists=["oslo"], basis="b: case 1")
    report = import_text(f"{KARI};;{list_};suppressed\n")
    store.remove(KARI, list_slug=left)
    assert report.id is not None
    undone = undo_import(store, report.id)
    assert _statuses(store) == {"oslo": "unsubscribed"}
    assert _scopes(store) == []
    assert [(each.list, each.reason) for each in undone.kept] == [("oslo", KeptReason.LEFT)]
    with pytest.raises(SubscriberError, match="this person left oslo on"):
        store.add(KARI, lists=["oslo"], basis="b: case 1")


@pytest.mark.parametrize("of_second", ["oslo", "all"])
def test_who_leaves_after_a_second_file_was_undone_stays_out_when_the_first_is_undone_too(
    store: SubscriberStore, import_text: Import, of_second: str
) -> None:
    first = import_text(f"{KARI};;oslo;unsubscribed\n").id
    second = import_text(f"{KARI};;{of_second};suppressed\n").id
    assert first is not None
    assert second is not None
    undo_import(store, second)
    store.remove(KARI, list_slug="oslo")
    undo_import(store, first)
    assert _statuses(store) == {"oslo": "unsubscribed"}


def test_who_leaves_a_list_that_was_merged_into_it_stays_out_too(
    store: SubscriberStore, import_text: Import, register: Register
) -> None:
    store.add(KARI, lists=["oslo"], basis="b: case 1")
    report = import_text(f"{KARI};;oslo;suppressed\n")
    rest = replace(register, lists=tuple(each for each in register.lists if each.slug != "oslo"))
    merge_lists(store, rest, "oslo", "agder")
    store.remove(KARI, list_slug="agder")
    assert report.id is not None
    undo_import(store, report.id)
    assert _statuses(store) == {"agder": "unsubscribed"}


def test_two_files_that_suppress_are_undone_and_nobody_stays_suppressed_by_nothing(
    store: SubscriberStore, import_text: Import
) -> None:
    store.add(KARI, lists=["oslo"], basis="b: case 1")
    first, second = import_text(f"{KARI};;oslo;suppressed\n"), import_text(f"{KARI};;all;suppressed\n")
    assert first.id is not None
    assert second.id is not None
    undo_import(store, first.id)
    assert (_statuses(store), _scopes(store)) == ({"oslo": "suppressed"}, [("all", "imported")])
    assert undo_import(store, second.id).opt_outs == 2
    assert (_statuses(store), _scopes(store)) == ({"oslo": "active"}, [])


def test_what_is_released_by_hand_for_one_list_is_not_suppressed_by_nothing_after_undoing(
    store: SubscriberStore, import_text: Import
) -> None:
    store.add(KARI, lists=["oslo", "agder"], basis="b: case 1")
    suppress(store, KARI, reason=SuppressionReason.MANUAL, list_slug="oslo")
    report = import_text(f"{KARI};;all;suppressed\n")
    release(store, KARI, note="asked", list_slug="oslo")
    assert report.id is not None
    undo_import(store, report.id)
    assert _statuses(store) == {"oslo": "unsubscribed", "agder": "active"}
    store.add(KARI, lists=["oslo"], basis="b: case 1", again=True)
    assert _statuses(store) == {"oslo": "active", "agder": "active"}


def test_a_suppression_of_one_list_by_hand_says_nothing_of_the_others(
    store: SubscriberStore, import_text: Import
) -> None:
    store.add(KARI, lists=["oslo", "agder"], basis="b: case 1")
    report = import_text(f"{KARI};;all;suppressed\n")
    suppress(store, KARI, reason=SuppressionReason.MANUAL, list_slug="oslo")
    assert report.id is not None
    undo_import(store, report.id)
    assert _statuses(store) == {"oslo": "suppressed", "agder": "active"}
    assert _scopes(store) == [("oslo", "manual")]


def test_a_file_that_stands_keeps_out_of_merged_lists_whom_an_undone_one_kept_out_of_the_other(
    store: SubscriberStore, import_text: Import, register: Register
) -> None:
    store.add(KARI, lists=["oslo", "agder"], basis="b: case 1")
    import_text(f"{KARI};;oslo;suppressed\n")
    second = import_text(f"{KARI};;agder;suppressed\n")
    rest = replace(register, lists=tuple(each for each in register.lists if each.slug != "oslo"))
    merge_lists(store, rest, "oslo", "agder")
    assert second.id is not None
    undo_import(store, second.id)
    assert _statuses(store) == {"agder": "suppressed", "oslo": "unsubscribed"}
    assert _scopes(store) == [("agder", "imported")]


def test_who_never_confirmed_gets_mail_once_an_editor_has_added_them(
    store: SubscriberStore, import_text: Import
) -> None:
    import_text(f"{KARI};;oslo;pending\n")
    assert _statuses(store) == {"oslo": "pending"}
    store.add(KARI, lists=["oslo"], basis="e: case 1")
    assert _statuses(store) == {"oslo": "active"}


def test_whom_an_earlier_version_left_suppressed_by_nothing_comes_back_when_they_ask(store: SubscriberStore) -> None:
    store.add(KARI, lists=["oslo"], basis="b: case 1")
    with store.database.writing() as connection:
        connection.execute(subscription.update().values(status="suppressed"))
    with pytest.raises(SubscriberError, match="this person left oslo on") as refused:
        store.add(KARI, lists=["oslo"], basis="b: case 1")
    assert refused.value.hint == "Use --again only when the person has asked to come back."
    store.add(KARI, lists=["oslo"], basis="b: case 1", again=True)
    assert _statuses(store) == {"oslo": "active"}


def test_a_suppression_by_hand_outlasts_the_import_that_said_so_first(
    store: SubscriberStore, import_text: Import
) -> None:
    report = import_text("kari@x.example;;all;sperret\nole@x.example;;bergen;sperret\n")
    for address, list_ in ((KARI, None), ("ole@x.example", "bergen")):
        assert suppress(store, address, reason=SuppressionReason.MANUAL, note="asked", list_slug=list_)
    assert report.id is not None
    undo_import(store, report.id)
    assert _scopes(store) == [("all", "manual")]
    assert _scopes(store, "ole@x.example") == [("bergen", "manual")]


def test_two_imports_that_took_over_are_undone_in_either_order(store: SubscriberStore, import_text: Import) -> None:
    store.add(KARI, lists=["bergen"], basis="e: case 1")
    ids = [import_text(f"kari@x.example;;bergen;{each}\n").id for each in ("avmeldt", "sperret")]
    for each in ids:
        assert each is not None
        undo_import(store, each)
    assert (_statuses(store), _scopes(store)) == ({"bergen": "active"}, [])


def test_history_counts_only_people_who_were_on_the_list_as_leaving_it(
    store: SubscriberStore, import_text: Import
) -> None:
    store.add("ole@x.example", lists=["bergen"], basis="e: case 1")
    import_text("ole@x.example;;bergen;avmeldt\nkari@x.example;;bergen;avmeldt\nvent@x.example;;bergen;pending\n")
    assert read_growth(store).by_list["bergen"] == (0,)
    store.remove("vent@x.example")
    suppress(store, KARI, reason=SuppressionReason.MANUAL)
    assert read_growth(store).by_list["bergen"] == (0,)


def test_who_asks_anew_comes_back_after_the_word_that_says_so(store: SubscriberStore, import_text: Import) -> None:
    import_text("kari@x.example;;bergen;avmeldt\nole@x.example;;;avmeldt\n")
    with pytest.raises(
        SubscriberError, match=r"a file that was imported on .* says that this person left bergen"
    ) as refused:
        store.add(KARI, lists=["bergen"], basis="a: asked")
    assert "--again" in refused.value.hint
    store.add(KARI, lists=["bergen"], basis="a: asked", again=True)
    with pytest.raises(SubscriberError, match="suppressed") as refused:
        store.add("ole@x.example", lists=["bergen"], basis="a: asked")
    assert "subscribers release ole@x.example" in refused.value.hint
    release(store, "ole@x.example", note="asked")
    store.add("ole@x.example", lists=["bergen"], basis="a: asked")
    assert [each.exclusion for each in store.read_audience()] == [None, None]


def test_whom_a_file_suppressed_nobody_lets_in_with_another_key(
    store: SubscriberStore, import_text: Import, database: Database
) -> None:
    import_text("kari@x.example;;;avmeldt\n")
    other = SubscriberStore(database, clock=store.clock, suppression_key=b"another key")
    with pytest.raises(SuppressionKeyError, match=r"not the one with which .*\n.* from a backup"):
        other.add(KARI, lists=["bergen"], basis="a: asked")


def test_an_erased_person_is_not_stored_again_by_a_file_that_says_they_left(
    store: SubscriberStore, import_text: Import, tmp_path: Path
) -> None:
    import_text("kari@x.example;;bergen;avmeldt\n")
    erase(store, KARI, workspace=tmp_path)
    assert _counted(import_text("kari@x.example;;bergen;avmeldt\nkari@x.example;;all;sperret\n")) == {"suppressed": 2}
    assert store.show(KARI) is None
    assert _scopes(store) == [("all", "erased")]


# --- From one register to another -----------------------------------------------------------------


@pytest.fixture
def filled(store: SubscriberStore, import_text: Import) -> SubscriberStore:
    """People of every status."""
    import_text("vent@x.example;Vent;bergen;pending\nute@x.example;Ute;bergen;avmeldt\nalle@x.example;Alle;;avmeldt\n")
    for name in ("aktiv", "gikk", "sperret", "en-liste", "ikke-der", "begge"):
        store.add(f"{name}@x.example", lists=["bergen", "oslo"], basis="e: case 1", name=name)
    store.remove("gikk@x.example", list_slug="oslo")
    store.remove("begge@x.example")
    suppress(store, "sperret@x.example", reason=SuppressionReason.COMPLAINT)
    suppress(store, "en-liste@x.example", reason=SuppressionReason.MANUAL, list_slug="bergen")
    suppress(store, "ikke-der@x.example", reason=SuppressionReason.MANUAL, list_slug="fonna")
    return store


def _cells(file: Path) -> list[tuple[str, str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.DictReader(lines, delimiter=";")
        return sorted((each["epost"], each["liste"], each["status"]) for each in rows)


def test_everybody_has_the_same_status_after_an_export_to_another_register(
    filled: SubscriberStore, register: Register, tmp_path: Path
) -> None:
    export(filled, tmp_path / "first.csv", choice=EVERYBODY, form=Format.EXCEL)
    for form in Format:
        file = tmp_path / ("all.xlsx" if form is Format.XLSX else f"{form}.csv")
        export(filled, file, choice=EVERYBODY, form=form)
        with closing(open_database(f"sqlite:///{tmp_path / form}.sqlite3", upgrade=True)) as database:
            other = SubscriberStore(database, clock=filled.clock, suppression_key=b"another key")
            sync_lists(database, register, now=filled.clock())
            assert import_files(other, register, [file], options=ImportOptions()).applied
            export(other, tmp_path / "again.csv", choice=EVERYBODY, form=Format.EXCEL)
            assert _cells(tmp_path / "again.csv") == _cells(tmp_path / "first.csv")
            report = import_files(other, register, [file], options=ImportOptions())
            assert report.id is None


def test_what_is_exported_changes_nothing_where_it_came_from(
    filled: SubscriberStore, register: Register, tmp_path: Path
) -> None:
    export(filled, tmp_path / "all.csv", choice=EVERYBODY, form=Format.EXCEL)
    assert import_files(filled, register, [tmp_path / "all.csv"], options=ImportOptions()).id is None


@pytest.mark.parametrize(
    ("choice", "rows"),
    [
        (ExportChoice(lists=["fonna"], statuses=[SUPPRESSED]), [("ikke-der", "fonna")]),
        (ExportChoice(statuses=[UNSUBSCRIBED]), [("alle", "all"), ("begge", "bergen"), ("begge", "oslo")]),
        (ExportChoice(statuses=[SUPPRESSED]), [("en-liste", "bergen"), ("ikke-der", "fonna"), ("sperret", "all")]),
    ],
)
def test_a_choice_of_statuses_and_lists_holds_for_what_stands_in_no_subscription(
    filled: SubscriberStore, tmp_path: Path, choice: ExportChoice, rows: list[tuple[str, str]]
) -> None:
    export(filled, tmp_path / "some.csv", choice=choice, form=Format.EXCEL)
    found = [(address.partition("@")[0], list_) for address, list_, _ in _cells(tmp_path / "some.csv")]
    assert [each for each in found if each in rows] == rows


def test_addresses_known_as_hashes_alone_are_counted_since_no_file_can_hold_them(
    filled: SubscriberStore, tmp_path: Path
) -> None:
    assert count_without_address(filled) == 0
    suppress(filled, "ukjent@x.example", reason=SuppressionReason.MANUAL)
    erase(filled, "gikk@x.example", workspace=tmp_path)
    move_person(filled, "aktiv@x.example", "ny@x.example")
    assert count_without_address(filled) == 3


PEOPLE, LISTS = ["a@x.example", "b@x.example"], ["bergen", "oslo"]
_one = st.sampled_from(PEOPLE)
_list = st.sampled_from([*LISTS, None])
_deeds = st.lists(st.tuples(st.sampled_from(["add", "remove", "suppress", "release", "move"]), _one, _list), max_size=8)


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database to copy."""
    file = tmp_path_factory.mktemp("migrated") / "empty.sqlite3"
    open_database(f"sqlite:///{file}", upgrade=True).close()
    return file


@pytest.mark.slow
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=_deeds)
def test_whatever_people_did_an_export_brings_it_to_another_register(
    register: Register,
    tmp_path_factory: pytest.TempPathFactory,
    migrated: Path,
    deeds: list[tuple[str, str, str | None]],
) -> None:
    folder = tmp_path_factory.mktemp("round")
    with (
        closing(open_database(f"sqlite:///{copyfile(migrated, folder / 'a.sqlite3')}")) as one,
        closing(open_database(f"sqlite:///{copyfile(migrated, folder / 'b.sqlite3')}")) as two,
    ):
        stores = [_store(each, register) for each in (one, two)]
        for deed in deeds:
            _do(stores[0], *deed)
        sheet = "".join(f"{each};{list_};e: case 1\n" for each in PEOPLE for list_ in LISTS)
        (folder / "old.csv").write_text(f"epost;liste;grunnlag\n{sheet}", encoding="utf-8")
        export(stores[0], folder / "all.csv", choice=EVERYBODY, form=Format.EXCEL)
        import_files(stores[1], register, [folder / "all.csv"], options=ImportOptions())
        export(stores[1], folder / "again.csv", choice=EVERYBODY, form=Format.EXCEL)
        assert _cells(folder / "again.csv") == _cells(folder / "all.csv")
        outs = {(address, list_) for address, list_, status in _cells(folder / "all.csv") if status != "active"}
        import_files(stores[1], register, [folder / "old.csv"], options=ImportOptions())
        active = {
            (each.address, list_) for each in stores[1].read_audience() if not each.exclusion for list_ in each.lists
        }
        assert not outs & active
        assert not {address for address, list_ in outs if list_ == "all"} & {address for address, _ in active}


def _store(database: object, register: Register) -> SubscriberStore:
    from datetime import UTC, datetime

    moments = iter(datetime(2026, 11, 1, tzinfo=UTC) + timedelta(minutes=each) for each in range(100_000))
    store = SubscriberStore(database, clock=lambda: next(moments), suppression_key=b"key")  # type: ignore[arg-type]
    sync_lists(store.database, register, now=store.clock())
    return store


def _do(store: SubscriberStore, deed: str, address: str, list_: str | None) -> None:
    try:
        if deed == "add":
            store.add(address, lists=[list_] if list_ else LISTS, basis="e: case 1")
        elif deed == "remove":
            store.remove(address, list_slug=list_)
        elif deed == "suppress":
            suppress(store, address, reason=SuppressionReason.MANUAL, list_slug=list_)
        elif deed == "release":
            release(store, address, note="asked", list_slug=list_)
        else:
            move_person(store, address, f"new-{address}")
    except MailerError:
        pass
