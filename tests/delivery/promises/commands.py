"""One command of the editor's: carried out by a process that may die, it is done wholly or not at all."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from mailer.database.engine import Database
from mailer.database.tables import list_, subscriber, subscription
from mailer.errors import MailerError
from mailer.subscribers.model import ALL_LISTS, Register
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.people.suppressing import read_suppressions
from mailer.subscribers.register import sync_lists
from tests.delivery.promises.dying import (
    Death,
    Process,
    Tables,
    copy_sqlite,
    read_tables,
    wait_for_locks,
    what_differs,
)
from tests.delivery.promises.model import Membership, People

BASIS = "e: case 1"
IN = {"active", "pending"}

Work = Callable[[SubscriberStore], object]


@dataclass
class Commands:
    """Works on people in a process of its own, which may die in the midst of a command."""

    process: Process
    twin: Process | None  # on a copy, to do again what a dead one has done; SQLite alone can be copied
    folder: Path
    register: Register
    clock: Callable[[], datetime]
    watcher: Database  # of nobody who dies
    told: Counter[str]
    people: People = field(default_factory=People)
    slugs: list[str] = field(default_factory=list)
    part_of: dict[str, str] = field(default_factory=dict)  # of each merged list the one that it became part of
    on_erased: Callable[[set[str], int | None], None] = lambda *_: None
    on_purged: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.register_now(self.register)

    def register_now(self, register: Register) -> None:
        names = Counter(name for each in register.lists for name in (each.slug, *each.aliases))
        assert names.total() == len(names), "the files of the register would be refused: two lists are called the same"
        self.register = register
        sync_lists(self.watcher, register, now=self.clock())

    def present(self, name: str) -> str:
        """Return the list that a list is by now: every command that hears the name of a merged one means that."""
        while name in self.part_of:
            name = self.part_of[name]
        return name

    @property
    def store(self) -> SubscriberStore:
        return self._store(self.process.database)

    def _store(self, database: Database) -> SubscriberStore:
        return SubscriberStore(database, clock=self.clock, suppression_key=b"suppression-key-of-tests")

    # --- one command ------------------------------------------------------------------------------

    def command(self, name: str, work: Work, *, then: Callable[[], None], death: Death | None = None) -> bool:
        """Carry out one command; returns whether it was done. Refused or killed, it is done wholly or not at all."""
        self.told[name] += 1
        before = read_tables(self.watcher)
        if death is not None and self.twin is not None:
            copy_sqlite(Path(self.watcher.place), Path(self.twin.database.place))
        self.process.die_at(death)
        try:
            work(self.store)
        except BaseException as ended:
            if not self.process.is_dead:
                if not isinstance(ended, MailerError):
                    raise
                assert read_tables(self.watcher) == before, f"{name} was refused, and changed something"
                self.told[f"{name}, refused"] += 1
                return False
            self._begin_anew()
            after = read_tables(self.watcher)
            self.told[f"{name}, killed"] += 1
            if after == before:
                return False
            self._require_whole(name, work, after)
        finally:
            self.process.die_at(None)
        then()
        return True

    def _begin_anew(self) -> None:
        self.process.begin_anew()
        wait_for_locks(self.watcher)

    def _require_whole(self, name: str, work: Work, after: Tables) -> None:
        """Require what the same command does to a copy, without a death."""
        if self.twin is not None:
            work(self._store(self.twin.database))
            differs = what_differs(read_tables(self.twin.database), after)
            self.twin.database.close()
            assert not differs, f"{name} was killed, and is done in part: {differs}"

    # --- what stands in the database --------------------------------------------------------------

    def statuses(self) -> dict[tuple[str, str], str]:
        """Return the status of each address on each list that there is by now."""
        query = select(subscriber.c.address, list_.c.slug, subscription.c.status)
        query = query.join(subscription, subscription.c.subscriber_id == subscriber.c.id)
        query = query.join(list_, list_.c.id == subscription.c.list_id).where(list_.c.merged_into_id.is_(None))
        with self.watcher.reading() as connection:
            return {(address, slug): status for address, slug, status in connection.execute(query)}

    def members(self) -> dict[Membership, str]:
        return {(self.people.at[address], slug): each for (address, slug), each in self.statuses().items()}

    def numbers(self) -> dict[int, int]:
        """Return our number of each person by the database's."""
        with self.watcher.reading() as connection:
            rows = connection.execute(select(subscriber.c.id, subscriber.c.address)).all()
        return {row.id: self.people.at[row.address] for row in rows}

    def require_nobody_back(self) -> None:
        """Require that no opt-out is lost: who left, or is suppressed, gets no mail."""
        for (address, slug), status in self.statuses().items():
            assert address in self.people.at, f"nobody should be at {address}"
            if status in IN:
                assert not self.people.is_out(address, slug), f"{address} is out of {slug}, and {status}"

    def require_suppressed_by_something(self) -> None:
        """Require of each suppressed subscription that a suppression holds which ends it."""
        for (address, slug), status in self.statuses().items():
            if status == "suppressed":
                scopes = {each.scope for each in read_suppressions(self.store, address)}
                assert scopes & {slug, ALL_LISTS}, f"{address} is suppressed on {slug}, and nothing says why"
