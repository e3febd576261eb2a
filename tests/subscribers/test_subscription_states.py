"""A subscription's states: the store against a model of the rules, in any order of what people and editors do.

Its moves are those of `subscriptions`, and `leaving` takes one back.
"""

import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from mailer.database.engine import open_database
from mailer.errors import MailerError
from mailer.subscribers.files.columns import RowDefaults
from mailer.subscribers.imports.importing import ImportOptions, import_files
from mailer.subscribers.model import Register
from mailer.subscribers.people.counting import read_growth
from mailer.subscribers.people.leaving import undo_leaving
from mailer.subscribers.people.moving import move_person
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.people.suppressing import release, suppress
from mailer.subscribers.people.suppression import SuppressionReason
from mailer.subscribers.register import sync_lists
from mailer.subscribers.rights.erasing import erase

EXAMPLES = settings().max_examples  # of the profile: the normal run's, or many more in `poe soak`

NOW = datetime(2023, 12, 1, tzinfo=UTC)
people = st.sampled_from(["ola@x.example", "Ola@X.example", "kari@x.example"])
lists = st.sampled_from(["oslo", "agder", "nasjonale"])


class _Subscriptions(RuleBasedStateMachine):
    """`wanted` is what the rules say: person → list → status; `barred` who must not be put on which list, or on any."""

    register: Register

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        (Path(self.folder.name) / "nowhere").mkdir()
        self.database = open_database(f"sqlite:///{self.folder.name}/mailer.sqlite3")
        sync_lists(self.database, self.register, now=NOW)
        self.store = SubscriberStore(self.database, clock=lambda: NOW, suppression_key=b"suppression-key-of-tests")
        self.wanted: dict[str, dict[str, str]] = {}
        self.barred: set[tuple[str, str | None]] = set()
        self.earlier: dict[str, set[str]] = {}

    def teardown(self) -> None:
        self.the_history_tells_how_many_there_are()
        self.database.close()
        self.folder.cleanup()

    @rule(person=people, slug=lists, again=st.booleans())
    def add(self, person: str, slug: str, *, again: bool) -> None:
        key = person.casefold()
        is_refused = self.is_barred(key, slug) or (self.has_left(key, slug) and not again)
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

    @rule(person=people, slug=st.none() | lists)
    def suppress(self, person: str, slug: str | None) -> None:
        key, is_new = person.casefold(), not self.is_barred(person.casefold(), slug)
        assert suppress(self.store, person, reason=SuppressionReason.MANUAL, list_slug=slug) == is_new
        if is_new:
            self.barred.add((key, slug))
            statuses = self.wanted.get(key, {})
            said = [each for each in statuses if slug is None or (slug == each and statuses[each] != "unsubscribed")]
            statuses.update(dict.fromkeys(said, "suppressed"))

    @rule(person=people, slug=st.none() | lists)
    def release(self, person: str, slug: str | None) -> None:
        key, is_held = person.casefold(), (person.casefold(), slug) in self.barred
        assert release(self.store, person, note="asked", list_slug=slug) == is_held
        self.barred.discard((key, slug))
        for each, status in self.wanted.get(key, {}).items():
            if status == "suppressed" and not self.is_barred(key, each):
                self.wanted[key][each] = "unsubscribed"

    def is_barred(self, key: str, slug: str | None) -> bool:
        return not {(key, slug), (key, None)}.isdisjoint(self.barred)

    @rule(person=people, asked=st.sets(lists))
    def undo_leaving(self, person: str, asked: set[str]) -> None:
        """The clock stands still, so everything was left just now."""
        found = self.store.show(person)
        statuses = self.wanted.get(person.casefold(), {})
        left = {
            slug
            for slug in asked
            if statuses.get(slug) == "unsubscribed" and not self.is_barred(person.casefold(), slug)
        }
        assert set(undo_leaving(self.store, found.id if found else 0, lists=asked)) == left
        statuses.update(dict.fromkeys(left, "active"))

    @rule(person=people, to=people)
    def move(self, person: str, to: str) -> None:
        key, new = person.casefold(), to.casefold()
        is_held = (key, None) in self.barred or any(each == new for each, _ in self.barred)
        found = self.store.show(person)
        is_same = found is not None and found.address_as_given == to
        is_taken = is_same or (new != key and (new in self.wanted or is_held))
        assert _is_refused(lambda: move_person(self.store, person, to)) == (key not in self.wanted or is_taken)
        if key in self.wanted and new != key and not is_taken:
            self.wanted[new] = self.wanted.pop(key)
            self.earlier[new] = self.earlier.pop(key, set()) | {key}
            self.barred = {(new if each == key else each, slug) for each, slug in self.barred} | {(key, None)}

    @rule(person=people)
    def erase(self, person: str) -> None:
        key, known = person.casefold(), person.casefold() in self.wanted
        folder = Path(self.folder.name) / "nowhere"
        if not known and any(key in earlier for earlier in self.earlier.values()):
            assert _is_refused(lambda: erase(self.store, person, workspace=folder))
            return
        assert erase(self.store, person, workspace=folder).was_subscriber == known
        self.wanted.pop(key, None)
        gone = {key} | (self.earlier.pop(key, set()) - self.wanted.keys())
        self.barred = {(each, slug) for each, slug in self.barred if each not in gone}
        self.barred |= {(each, None) for each in gone}

    @rule(person=people, slug=lists)
    def import_one(self, person: str, slug: str) -> None:
        file = Path(self.folder.name) / "people.csv"
        file.write_text(f"epost;liste\n{person};{slug}\n", encoding="utf-8")
        import_files(self.store, self.register, [file], options=ImportOptions(defaults=RowDefaults(basis="b: case 1")))
        key = person.casefold()
        if not self.is_barred(key, slug) and not self.has_left(key, slug) and slug not in self.wanted.get(key, {}):
            self.wanted.setdefault(key, {})[slug] = "active"

    def has_left(self, key: str, slug: str) -> bool:
        """This list, or all there were."""
        statuses = self.wanted.get(key, {})
        return statuses.get(slug) == "unsubscribed" or set(statuses.values()) - {"suppressed"} == {"unsubscribed"}

    @invariant()
    def the_store_agrees(self) -> None:
        found = {
            each.address: {one.list: one.status.value for one in each.subscriptions} for each in self.store.find("")
        }
        assert found == self.wanted

    def the_history_tells_how_many_there_are(self) -> None:
        active = Counter(slug for statuses in self.wanted.values() for slug in statuses if statuses[slug] == "active")
        told = {slug: numbers[-1] for slug, numbers in read_growth(self.store).by_list.items() if numbers[-1]}
        assert told == active

    @invariant()
    def the_audience_is_who_is_active_and_not_suppressed(self) -> None:
        to_send = {each.address for each in self.store.read_audience() if each.exclusion is None}
        assert to_send == {key for key, statuses in self.wanted.items() if "active" in statuses.values()}
        assert not any((key, None) in self.barred for key in to_send)


def _is_refused(call: Callable[[], object]) -> bool:
    try:
        call()
    except MailerError:
        return True
    return False


@pytest.mark.slow
@pytest.mark.hypothesis
def test_subscriptions_follow_the_rules_in_any_order(register: Register) -> None:
    machine = type("Machine", (_Subscriptions,), {"register": register})
    run_state_machine_as_test(machine, settings=settings(max_examples=EXAMPLES // 10, stateful_step_count=15))
