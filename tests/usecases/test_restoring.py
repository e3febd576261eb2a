"""Whatever happens and whatever is put back, nobody who went is back. `backing_up`, `restoring`."""

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from mailer.bootstrap import Services, build_services
from mailer.database.withdrawals import WithdrawalFile
from mailer.errors import MailerError
from mailer.subscribers.people.leaving import undo_leaving
from mailer.subscribers.people.moving import move_person
from mailer.subscribers.people.suppressing import release
from mailer.subscribers.people.suppressing import suppress as keep_out
from mailer.subscribers.people.suppression import SuppressionReason
from mailer.subscribers.rights.erasing import erase
from mailer.usecases.backing_up import BackupError, back_up, find_copies, free_name
from mailer.usecases.creation import init_workspace
from mailer.usecases.restoring import reapply_withdrawals, restore

NAMES = st.sampled_from(["kari", "ola", "eva"])
LISTS = st.sampled_from(["oslo", "bergen"])


def services_of(folder: Path, clock: Callable[[], datetime]) -> Services:
    built = build_services(folder / "config.toml", environ={"USER": "kari"}, announce=lambda _: None)
    built.clock = clock
    return built


class Restoring(RuleBasedStateMachine):
    """People come and go; copies are made, and put back in any order, by mailer and by hand.

    `out` holds the lists that a person has left or is suppressed for since they joined last, as they would say it.
    """

    @initialize()
    def begin(self) -> None:
        self.folder = TemporaryDirectory()
        self.place = Path(self.folder.name) / "workspace"
        init_workspace(self.place)
        minutes = count()
        self.clock = lambda: datetime(2026, 11, 1, tzinfo=UTC) + timedelta(minutes=next(minutes))
        self.services = services_of(self.place, self.clock)
        self.copies: list[Path] = []
        self.out: set[tuple[str, str]] = set()
        self.erased: set[str] = set()

    def teardown(self) -> None:
        self.services.close()
        self.folder.cleanup()

    @property
    def store(self) -> Any:
        return self.services.subscribers

    def address(self, name: str) -> str:
        return f"{name}@x.example"

    @rule(name=NAMES, slug=LISTS)
    def join(self, name: str, slug: str) -> None:
        with suppress(MailerError):
            self.store.add(self.address(name), lists=[slug], basis="a: asked", again=True, name=f"{name} Nordmann")
            self.out.discard((name, slug))
            self.erased.discard(name)

    @rule(name=NAMES, slug=LISTS)
    def leave(self, name: str, slug: str) -> None:
        with suppress(MailerError):
            if self.store.remove(self.address(name), list_slug=slug):
                self.out.add((name, slug))

    @rule(name=NAMES, slug=LISTS)
    def take_leaving_back(self, name: str, slug: str) -> None:
        if found := self.store.show(self.address(name)):
            for back in undo_leaving(self.store, found.id, lists=[slug]):
                self.out.discard((name, back))

    @rule(name=NAMES, slug=st.none() | LISTS)
    def suppress(self, name: str, slug: str | None) -> None:
        keep_out(self.store, self.address(name), reason=SuppressionReason.MANUAL, list_slug=slug)
        self.out |= {(name, each) for each in ([slug] if slug else ["oslo", "bergen"])}

    @rule(name=NAMES, slug=st.none() | LISTS)
    def release(self, name: str, slug: str | None) -> None:
        """Release an address: it is on no list by that alone."""
        release(self.store, self.address(name), note="asked", list_slug=slug)

    @rule(name=NAMES)
    def erase(self, name: str) -> None:
        with suppress(MailerError):
            erase(self.store, self.address(name), workspace=self.place / "none")
            self.out |= {(name, "oslo"), (name, "bergen")}
            self.erased.add(name)

    @rule(name=NAMES)
    def move(self, name: str) -> None:
        """Give a new address, which is nobody's here: the old one is suppressed."""
        with suppress(MailerError):
            move_person(self.store, self.address(name), f"{name}-{len(self.out)}@new.example")
            self.out |= {(name, "oslo"), (name, "bergen")}

    @rule()
    def back_up(self) -> None:
        self.copies.append(back_up(self.services, to=str(self.place / f"copy-{len(self.copies)}")).file)

    @precondition(lambda self: self.copies)
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        copy = data.draw(st.sampled_from(self.copies))
        restore(self.services, str(copy))
        self.services = services_of(self.place, self.clock)
        self._look(copy)

    @precondition(lambda self: self.copies)
    @rule(data=st.data())
    def copy_by_hand(self, data: st.DataObject) -> None:
        copy = data.draw(st.sampled_from(self.copies))
        self.services.close()
        (self.place / "var" / "mailer.sqlite3").write_bytes(copy.read_bytes())
        self.services = services_of(self.place, self.clock)
        reapply_withdrawals(self.services)
        self._look(copy)

    def _look(self, copy: Path) -> None:
        """Nobody is on a list that they left, and no byte of who was erased is in the file."""
        for name, slug in self.out:
            found = self.store.show(self.address(name))
            active = {each.list for each in found.subscriptions if each.status == "active"} if found else set()
            assert slug not in active, (name, slug, copy)
        for name in self.erased:
            assert self.store.show(self.address(name)) is None
        self.services.close()
        content = (self.place / "var" / "mailer.sqlite3").read_bytes()
        for name in self.erased:
            assert f"{name}@x.example".encode() not in content
            assert f"{name} Nordmann".encode() not in content
        self.services = services_of(self.place, self.clock)
        # What the copy does not know is gone with the rest: who is on a list there is so by the copy.
        self.out = {(name, slug) for name, slug in self.out if not self._is_on(name, slug)}

    def _is_on(self, name: str, slug: str) -> bool:
        found = self.store.show(self.address(name))
        return bool(found) and any(each.list == slug and each.status == "active" for each in found.subscriptions)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_whatever_happens_and_whatever_is_put_back_nobody_who_went_is_back() -> None:
    is_long = bool(os.environ.get("MAILER_TEST_SOAK"))
    run_state_machine_as_test(
        Restoring,
        settings=settings(
            derandomize=not is_long,
            max_examples=500 if is_long else 25,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink],
            database=None,
        ),
    )


@pytest.fixture
def services(tmp_path: Path) -> Services:
    init_workspace(tmp_path / "workspace")
    return services_of(tmp_path / "workspace", lambda: datetime.now(UTC))


def test_a_workspace_of_before_the_file_was_there_is_protected_from_the_first_restore_on(services: Services) -> None:
    """Somebody left with an earlier version, which wrote nothing outside the database."""
    store = services.subscribers
    store.add("kari@x.example", lists=["oslo"], basis="e: 1")
    copy = back_up(services).file
    services.database.before_commit = None
    store.remove("kari@x.example")
    assert not services.withdrawals.exists
    assert restore(services, str(copy)).outlook.reapplied.left == 1


def test_a_backup_begins_the_file(services: Services) -> None:
    services.database.before_commit = None
    services.subscribers.add("kari@x.example", lists=["oslo"], basis="e: 1")
    services.subscribers.remove("kari@x.example")
    back_up(services)
    assert [each.turn for each in WithdrawalFile(services.withdrawals.file).read()] == ["left"]
    services.close()


def test_names_are_counted_within_a_second_and_the_oldest_come_first(tmp_path: Path) -> None:
    stamp = tmp_path / "mailer-20261129T040000Z.sqlite3"
    made = []
    for _ in range(11):
        made.append(free_name(stamp))
        made[-1].touch()
    (tmp_path / "mailer-x.sqlite3").touch()
    assert made[1].name == "mailer-20261129T040000Z-2.sqlite3"
    assert find_copies(tmp_path, "mailer") == made
    assert find_copies(tmp_path / "none", "mailer") == []


def test_a_refusal_leaves_the_database_open_to_others(services: Services) -> None:
    services.subscribers.add("kari@x.example", lists=["oslo"], basis="e: 1")
    with pytest.raises(BackupError):
        restore(services, "none")
    assert services.subscribers.show("kari@x.example")
    services.close()
