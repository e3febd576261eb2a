"""Somebody changes the register while an import reads its files: the import takes note, and everybody else goes on.

`joining` keeps one address one subscriber.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event, Timer

import pytest

from mailer.errors import MailerError
from mailer.subscribers.files.columns import RowDefaults
from mailer.subscribers.imports import comparing
from mailer.subscribers.imports.comparing import ExpectedPerson, decide
from mailer.subscribers.imports.contradictions import ComparedLine
from mailer.subscribers.imports.importing import ImportOptions, ImportProgress, ImportReport, import_files
from mailer.subscribers.imports.model import Decided
from mailer.subscribers.imports.undoing import undo_import
from mailer.subscribers.model import Register, Subscriber
from mailer.subscribers.people import subscriptions
from mailer.subscribers.people.joining import share_joining
from mailer.subscribers.people.merging import merge_lists
from mailer.subscribers.people.moving import move_person
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.people.suppressing import release, suppress
from mailer.subscribers.people.suppression import SuppressionReason

Import = Callable[..., ImportReport]


@pytest.fixture
def import_while(store: SubscriberStore, register: Register, tmp_path: Path) -> Import:
    """Import four people, while something else happens: when they are compared and not written yet, or at `step`."""
    file = tmp_path / "people.csv"
    rows = "".join(f"p{number}@x.example;oslo\n" for number in range(4))
    file.write_text("epost;liste\n" + rows, encoding="utf-8")

    def run(meanwhile: Callable[[], object], *, step: str = "comparing") -> ImportReport:
        done: list[str] = []

        def watch(progress: ImportProgress) -> None:
            if progress.step == "reading" and not done:
                done.append(progress.step)
                store.add(
                    "somebody@x.example", lists=["agder"], basis="e: case 1"
                )  # nobody waits for the import to read
            if progress.step == step and "meanwhile" not in done:
                done.append("meanwhile")
                meanwhile()

        # The first two are known, so that not all is decided without looking at the people.
        for number in range(2):
            store.add(f"p{number}@x.example", lists=["agder"], basis="e: case 1")
        options = ImportOptions(defaults=RowDefaults(basis="e: case 1"))
        return import_files(store, register, [file], options=options, progress=watch)

    return run


def _counted(report: ImportReport) -> dict[str, int]:
    return {outcome.value: number for outcome, number in report.counts.items() if number}


def test_nothing_happens_and_all_come_in(import_while: Import) -> None:
    assert _counted(import_while(lambda: None)) == {"new": 4}


def test_somebody_leaves_meanwhile_and_is_not_put_back(store: SubscriberStore, import_while: Import) -> None:
    assert _counted(import_while(lambda: store.remove("p0@x.example"))) == {"new": 3, "left": 1}


def test_somebody_new_is_suppressed_meanwhile_and_not_taken_in(store: SubscriberStore, import_while: Import) -> None:
    report = import_while(lambda: suppress(store, "p3@x.example", reason=SuppressionReason.COMPLAINT))
    assert _counted(report) == {"new": 3, "suppressed": 1}
    assert store.show("p3@x.example") is None


def test_somebody_suppressed_while_the_file_is_read_is_not_taken_in(
    store: SubscriberStore, import_while: Import
) -> None:
    report = import_while(lambda: suppress(store, "p3@x.example", reason=SuppressionReason.COMPLAINT), step="reading")
    assert _counted(report) == {"new": 3, "suppressed": 1}
    assert store.show("p3@x.example") is None


def test_somebody_released_meanwhile_is_taken_in(store: SubscriberStore, import_while: Import) -> None:
    for who in ("p2", "p3"):
        suppress(store, f"{who}@x.example", reason=SuppressionReason.MANUAL)
    report = import_while(lambda: release(store, "p3@x.example", note="asked for it"))
    assert _counted(report) == {"new": 3, "suppressed": 1}
    assert (store.show("p2@x.example"), store.show("p3@x.example") is None) == (None, False)


def test_somebody_is_added_meanwhile_and_stays_one_person(store: SubscriberStore, import_while: Import) -> None:
    report = import_while(lambda: store.add("P3@x.example", lists=["oslo", "agder"], basis="a: asked"))
    assert _counted(report) == {"new": 3, "changed": 1}  # the import's basis beside the first
    assert len(store.find("p3@")) == 1


def test_somebody_suppressed_anew_while_another_is_released_is_not_taken_in(
    store: SubscriberStore, import_while: Import
) -> None:
    """The number of suppressions and of those that were released is the same afterwards."""
    for who in ("p2", "p3"):
        suppress(store, f"{who}@x.example", reason=SuppressionReason.MANUAL)
    release(store, "p3@x.example", note="asked for it")

    def swap() -> None:
        suppress(store, "p3@x.example", reason=SuppressionReason.COMPLAINT)
        release(store, "p2@x.example", note="asked for it")

    import_while(swap)
    assert store.show("p3@x.example") is None


def test_a_list_is_merged_meanwhile_and_who_was_suppressed_on_it_is_not_taken_in_on_the_other(
    store: SubscriberStore, register: Register, import_while: Import
) -> None:
    suppress(store, "p3@x.example", reason=SuppressionReason.MANUAL, list_slug="akershus")
    smaller = replace(register, lists=tuple(each for each in register.lists if each.slug != "akershus"))
    report = import_while(lambda: merge_lists(store, smaller, "akershus", "oslo"))
    assert _counted(report) == {"new": 3, "suppressed": 1}
    assert store.show("p3@x.example") is None


def test_an_import_to_a_list_that_is_merged_meanwhile_is_refused_in_words(
    store: SubscriberStore, register: Register, import_while: Import
) -> None:
    """Who was on both is on the other alone now, and would be put on the one that is gone a second time."""
    store.add("p3@x.example", lists=["oslo", "akershus"], basis="e: case 1")
    smaller = replace(register, lists=tuple(each for each in register.lists if each.slug != "oslo"))
    with pytest.raises(MailerError, match="oslo became part of another list meanwhile; nothing was changed"):
        import_while(lambda: merge_lists(store, smaller, "oslo", "akershus"))
    assert store.show("p2@x.example") is None


def test_who_is_added_after_an_import_has_a_subscription_of_their_own(
    store: SubscriberStore, import_while: Import
) -> None:
    import_while(lambda: None)
    for number in range(4):
        store.add(f"later{number}@x.example", lists=["oslo"], basis="e: case 1")
    assert len(store.find("later")) == 4


@dataclass
class Leaver:
    """Somebody whose leaving is all but committed."""

    store: SubscriberStore
    go: Event = field(default_factory=Event)
    is_inside: Event = field(default_factory=Event)

    def leave(self, subscriber_id: int) -> tuple[str, ...]:
        with self.store.database.writing() as connection:
            share_joining(connection)
            left = subscriptions.leave(connection, subscriber_id, now=self.store.clock())
            events = [
                self.store.event(subscriber_id, "unsubscribed", self.store.clock(), {"list": each}) for each in left
            ]
            subscriptions.record_events(connection, events)
            self.is_inside.set()
            self.go.wait(20)
        return tuple(left)


@pytest.mark.postgresql
@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_who_is_just_leaving_stays_known_as_having_left_when_the_import_is_undone(
    store: SubscriberStore, import_while: Import
) -> None:
    report = import_while(lambda: None)
    person = store.show("p3@x.example")
    assert person is not None
    assert report.id is not None
    leaver = Leaver(store)
    with ThreadPoolExecutor() as pool:
        leaving = pool.submit(leaver.leave, person.id)
        leaver.is_inside.wait(20)
        undoing = pool.submit(undo_import, store, report.id)
        leaver.go.set()
        assert leaving.result() == ("oslo",)
        assert [each.address for each in undoing.result().kept] == ["p3@x.example"]


@pytest.mark.postgresql
@pytest.mark.parametrize("database_kind", ["postgresql"])
@pytest.mark.parametrize("step", ["reading", "comparing"])
def test_who_leaves_all_lists_is_put_on_no_other_by_an_import_that_began_before(
    store: SubscriberStore, import_while: Import, step: str
) -> None:
    """Their event has a lower number than one that others can see already; the import waits until it is there."""
    leaver, later = Leaver(store), store.add("later@x.example", lists=["agder"], basis="e: case 1")
    with ThreadPoolExecutor() as pool:

        def leave() -> None:
            person = store.show("p0@x.example")
            assert person is not None
            leaving = pool.submit(leaver.leave, person.id)
            leaver.is_inside.wait(20)
            assert store.leave(later.id) == ("agder",)  # who leaves waits for nobody who does
            Timer(0.3, leaver.go.set).start()
            all_leaving.append(leaving)

        all_leaving = list[Future[tuple[str, ...]]]()
        assert _counted(import_while(leave, step=step)) == {"new": 3, "left": 1}
        assert [each.result() for each in all_leaving] == [("agder",)]


@pytest.mark.postgresql
@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_leaving_twice_at_once_is_leaving_once(store: SubscriberStore) -> None:
    person = store.add("ole@x.example", lists=["agder", "oslo"], basis="e: case 1")
    leaver = Leaver(store)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(leaver.leave, person.id)
        leaver.is_inside.wait(20)
        second = pool.submit(store.leave, person.id)
        leaver.go.set()
        assert (first.result(), second.result()) == (("agder", "oslo"), ())
    actions = [each.action for each in store.history("ole@x.example")]
    assert actions == ["subscribed", "subscribed", "unsubscribed", "unsubscribed"]


def test_an_import_that_is_interrupted_leaves_nothing(store: SubscriberStore, import_while: Import) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_while(interrupt)
    assert [each.list for found in store.find("p") for each in found.subscriptions] == ["agder", "agder"]


def test_of_people_who_change_meanwhile_alone_the_lines_are_compared_again(
    store: SubscriberStore, import_while: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of a large file would take long, while the others wait."""
    compared: list[str] = []

    def watch(person: ExpectedPerson | None, lines: Sequence[ComparedLine]) -> list[Decided]:
        compared.append("known" if person else "unknown")
        return decide(person, lines)

    monkeypatch.setattr(comparing, "decide", watch)
    assert _counted(import_while(lambda: store.remove("p1@x.example"))) == {"new": 3, "left": 1}
    assert compared == ["known", "known", "known"]


def test_at_the_address_that_somebody_has_moved_from_meanwhile_is_a_new_person(
    store: SubscriberStore, import_while: Import
) -> None:
    """No address is suppressed afterwards that was not before."""
    suppress(store, "else@x.example", reason=SuppressionReason.MANUAL)

    def swap() -> None:
        move_person(store, "p0@x.example", "p9@x.example")
        release(store, "p0@x.example", note="somebody else has it")

    assert _counted(import_while(swap)) == {"new": 4}
    assert [each.list for each in _shown(store, "p0@x.example").subscriptions] == ["oslo"]
    assert [each.list for each in _shown(store, "p9@x.example").subscriptions] == ["agder"]


def test_the_lines_of_who_changes_meanwhile_are_counted_once(store: SubscriberStore, import_while: Import) -> None:
    def change() -> None:
        store.add("p0@x.example", lists=["oslo"], basis="e: case 1")
        store.add("p1@x.example", lists=["oslo"], basis="e: case 2")

    report = import_while(change)
    assert _counted(report) == {"new": 2, "changed": 1, "unchanged": 1}
    assert report.id is not None


def _shown(store: SubscriberStore, address: str) -> Subscriber:
    person = store.show(address)
    assert person is not None
    return person
