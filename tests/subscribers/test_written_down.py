"""Every deed about people is written down with its numbers, by whom, and without saying whom it was about."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from mailer.database.decisions import Action, read_decisions
from mailer.subscribers.files.exporting import ExportChoice, Format, export
from mailer.subscribers.imports.importing import ImportOptions, import_files
from mailer.subscribers.imports.suppressing import release_file, suppress_file
from mailer.subscribers.imports.undoing import undo_import
from mailer.subscribers.model import Register, SubscriptionStatus
from mailer.subscribers.people.merging import merge_lists
from mailer.subscribers.people.moving import move_person
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.people.suppressing import release, suppress
from mailer.subscribers.people.suppression import SuppressionReason
from mailer.subscribers.rights.erasing import erase, purge

MANUAL = SuppressionReason.MANUAL


def _written(store: SubscriberStore) -> list[tuple[Action, object]]:
    with store.database.reading() as connection:
        found = read_decisions(connection)
    assert {(each.at, each.actor) for each in found} <= {(store.clock(), "kari")}
    return [(each.action, each.detail) for each in found]


def test_what_a_file_did_is_written_down(sqlite_store: SubscriberStore, register: Register, tmp_path: Path) -> None:
    store, file = sqlite_store, tmp_path / "people.csv"
    for name in ("ola", "eva"):
        store.add(f"{name}@x.example", lists=["oslo"], basis="e: 1")
    file.write_text(
        "epost;liste;grunnlag;status\nny@x.example;oslo;e: 1;\nny@x.example;bergen;e: 1;\n"
        "eva@x.example;bergen;e: 1;\nola@x.example;oslo;;avmeldt\n",
        "utf-8",
    )
    imported = import_files(store, register, [file], options=ImportOptions()).id
    assert imported is not None
    undo_import(store, imported)
    file.write_text("a@x.example\nb@x.example\n", "utf-8")
    for _ in range(2):
        suppress_file(store, file, note="bounced", list_slug="oslo")
    for _ in range(2):
        release_file(store, file, note="wrong", noted="bounced", list_slug="oslo")
    suppress_file(store, file, note="bounced")
    choice = ExportChoice(lists=["oslo", "agder"], region="sor-ost", statuses=[*SubscriptionStatus][::-1])
    export(store, tmp_path / "out.csv", choice=choice, form=Format.PLAIN)
    assert _written(store) == [
        (Action.IMPORTED, {"number": imported, "lines": {"new": 3, "leaves": 1}}),
        (Action.IMPORT_UNDONE, {"number": imported, "people": 1, "subscriptions": 3}),
        (Action.SUPPRESSED, {"number": 2, "scope": "oslo", "reason": "manual", "by": "file"}),
        (Action.RELEASED, {"number": 2, "scope": "oslo", "by": "file"}),
        (Action.SUPPRESSED, {"number": 2, "scope": "all", "reason": "manual", "by": "file"}),
        (
            Action.EXPORTED,
            {
                "lists": ["agder", "oslo"],
                "region": "sor-ost",
                "statuses": ["active", "pending", "suppressed", "unsubscribed"],
                "number": 2,
            },
        ),
    ]


def test_what_was_done_about_a_person_is_written_down(
    sqlite_store: SubscriberStore, register: Register, tmp_path: Path
) -> None:
    store = sqlite_store
    ola = store.add("ola@x.example", lists=["fonna", "bergen"], basis="e: 1")
    store.add("eva@x.example", lists=["fonna"], basis="e: 1")
    for _ in range(2):
        suppress(store, "per@x.example", reason=SuppressionReason.COMPLAINT)
    for _ in range(2):
        release(store, "per@x.example", note="wrong")
    suppress(store, "per@x.example", reason=MANUAL, list_slug="oslo")
    release(store, "per@x.example", note="wrong", list_slug="oslo")
    move_person(store, "ola@x.example", "ole@x.example")
    without = replace(register, lists=tuple(each for each in register.lists if each.slug != "fonna"))
    merge_lists(store, without, "fonna", "bergen")
    erase(store, "ole@x.example", workspace=tmp_path / "none")
    erase(store, "nobody@x.example", workspace=tmp_path / "none")
    purge(store, unconfirmed=timedelta(0), details=timedelta(0))
    assert _written(store) == [
        (Action.SUPPRESSED, {"number": 1, "scope": "all", "reason": "complaint"}),
        (Action.RELEASED, {"number": 1, "scope": "all"}),
        (Action.SUPPRESSED, {"number": 1, "scope": "oslo", "reason": "manual"}),
        (Action.RELEASED, {"number": 1, "scope": "oslo"}),
        (Action.MOVED, {"subscriber": ola.id}),
        (Action.LISTS_MERGED, {"list": "fonna", "into": "bergen", "moved": 1, "already": 1}),
        (Action.ERASED, {"was_subscriber": True, "deliveries": 0}),
        (Action.ERASED, {"was_subscriber": False, "deliveries": 0}),
        (Action.PURGED, {"people": 0, "deliveries": 0}),
    ]


def test_a_deed_under_other_settings_than_the_one_before_says_so(sqlite_store: SubscriberStore) -> None:
    for number, settings in enumerate(({"a": "1", "b": "1"}, {"a": "1", "b": "1"}, {"a": "2", "b": "1"})):
        store = SubscriberStore(
            sqlite_store.database,
            clock=sqlite_store.clock,
            suppression_key=b"suppression-key-of-tests",
            settings=settings,
        ).acting_as("kari")
        suppress(store, f"p{number}@x.example", reason=MANUAL)
    suppressed = (Action.SUPPRESSED, {"number": 1, "scope": "all", "reason": "manual"})
    assert _written(sqlite_store) == [suppressed, suppressed, (Action.SETTINGS, {"changed": ["a"]}), suppressed]
