"""A subscription's states: the store against a model of the rules, in any order of what people and editors do."""

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from mailer.database.engine import open_database
from mailer.errors import MailerError
from mailer.subscribers.csv_io import CsvDefaults
from mailer.subscribers.importing import ImportOptions, import_files
from mailer.subscribers.leaving import undo_leaving
from mailer.subscribers.model import Register
from mailer.subscribers.moving import move_person
from mailer.subscribers.privacy import erase
from mailer.subscribers.register import sync_lists
from mailer.subscribers.store import SubscriberStore
from mailer.subscribers.suppression import SuppressionReason

NOW = datetime(2023, 12, 1, tzinfo=UTC)
people = st.sampled_from(["ola@x.example", "Ola@X.example", "kari@x.example"])
lists = st.sampled_from(["oslo", "agder", "nasjonale"])


class _Subscriptions(RuleBasedStateMachine):
    """`wanted` is what the rules say: person → list → status."""

    register: Register

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        (Path(self.folder.name) / "nowhere").mkdir()
        self.database = open_database(f"sqlite:///{self.folder.name}/mailer.sqlite3")
        sync_lists(self.database, self.register, now=NOW)
        self.store = SubscriberStore(self.database, clock=lambda: NOW, suppression_key=b"suppression-key-of-tests")
        self.wanted: dict[str, dict[str, str]] = {}
        self.suppressed: set[str] = set()

    def teardown(self) -> None:
        self.database.close()
        self.folder.cleanup()

    @rule(person=people, slug=lists, again=st.booleans())
    def add(self, person: str, slug: str, *, again: bool) -> None:
        key = person.casefold()
        is_refused = key in self.suppressed or (self.wanted.get(key, {}).get(slug) == "unsubscribed" and not again)
        assert _is_refused(lambda: self.store.add(person, lists=[slug], basis="b: case 1", again=again)) == is_refused
        if not is_refused:
            self.wanted.setdefault(key, {})[slug] = "active"

    @rule(person=people, slug=st.none() | lists)
    def remove(self, person: str, slug: str | None) -> None:
        key = person.casefold()
        assert _is_refused(lambda: self.store.remove(person, list_slug=slug)) == (key not in self.wanted)
        statuses = self.wanted.get(key, {})
        for each in statuses:
            if slug in {None, each} and statuses[each] == "active":
                statuses[each] = "unsubscribed"

    @rule(person=people)
    def suppress(self, person: str) -> None:
        key = person.casefold()
        assert self.store.suppress(person, reason=SuppressionReason.MANUAL) == (key not in self.suppressed)
        self.suppressed.add(key)
        self.wanted.update({key: dict.fromkeys(self.wanted[key], "suppressed")} if key in self.wanted else {})

    @rule(person=people)
    def release(self, person: str) -> None:
        key = person.casefold()
        assert self.store.release(person, note="asked") == (key in self.suppressed)
        if key in self.suppressed and key in self.wanted:
            self.wanted[key] = dict.fromkeys(self.wanted[key], "unsubscribed")
        self.suppressed.discard(key)

    @rule(person=people)
    def undo_leaving(self, person: str) -> None:
        """The clock stands still, so everything was left just now."""
        found = self.store.show(person)
        statuses = self.wanted.get(person.casefold(), {})
        left = {slug for slug, status in statuses.items() if status == "unsubscribed"}
        assert set(undo_leaving(self.store, found.id if found else 0)) == left
        statuses.update(dict.fromkeys(left, "active"))

    @rule(person=people, to=people)
    def move(self, person: str, to: str) -> None:
        key, new = person.casefold(), to.casefold()
        is_taken = new != key and (new in self.wanted or bool({key, new} & self.suppressed))
        assert _is_refused(lambda: move_person(self.store, person, to)) == (key not in self.wanted or is_taken)
        if key in self.wanted and new != key and not is_taken:
            self.wanted[new] = self.wanted.pop(key)
            self.suppressed.add(key)

    @rule(person=people)
    def erase(self, person: str) -> None:
        key = person.casefold()
        known = erase(self.store, person, workspace=Path(self.folder.name) / "nowhere").was_subscriber
        assert known == (key in self.wanted)
        self.wanted.pop(key, None)
        self.suppressed.add(key)

    @rule(person=people, slug=lists)
    def import_one(self, person: str, slug: str) -> None:
        file = Path(self.folder.name) / "people.csv"
        file.write_text(f"epost;liste\n{person};{slug}\n", encoding="utf-8")
        import_files(self.store, self.register, [file], options=ImportOptions(defaults=CsvDefaults(basis="b: case 1")))
        key = person.casefold()
        statuses = self.wanted.get(key, {})
        has_left_all = bool(statuses) and set(statuses.values()) == {"unsubscribed"}
        if key not in self.suppressed and not has_left_all and slug not in statuses:
            self.wanted.setdefault(key, {})[slug] = "active"

    @invariant()
    def the_store_agrees(self) -> None:
        found = {
            each.address: {one.list: one.status.value for one in each.subscriptions} for each in self.store.find("")
        }
        assert found == self.wanted

    @invariant()
    def the_audience_is_who_is_active_and_not_suppressed(self) -> None:
        to_send = {each.address for each in self.store.read_audience() if each.exclusion is None}
        assert to_send == {key for key, statuses in self.wanted.items() if "active" in statuses.values()}


def _is_refused(call: Callable[[], object]) -> bool:
    try:
        call()
    except MailerError:
        return True
    return False


def test_subscriptions_follow_the_rules_in_any_order(register: Register) -> None:
    machine = type("Machine", (_Subscriptions,), {"register": register})
    run_state_machine_as_test(machine, settings=settings(max_examples=15, stateful_step_count=15, deadline=None))
