"""The commands about single people: who they are, what they get, and that they leave."""

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from starlette.requests import Request

from mailer.keys import KeyRing
from mailer.subscribers.imports.suppressing import release_file, suppress_file
from mailer.subscribers.people import suppressing
from mailer.subscribers.people.leaving import read_link_owner
from mailer.subscribers.people.moving import move_person
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.people.suppression import SuppressionReason
from mailer.subscribers.rights.erasing import erase, purge
from mailer.subscribers.tokens import make_token
from mailer.web.leaving import Leaving
from tests.delivery.promises.commands import BASIS, IN, Commands, Work
from tests.delivery.promises.dying import Death
from tests.delivery.promises.model import ACT, ALL

KEYS = KeyRing((b"k" * 32,))


class PeopleDesk(Commands):
    """Adds, moves, removes, suppresses, releases and erases people."""

    def add(self, address: str, called: str, *, again: bool, name: str = "", death: Death | None = None) -> None:
        slug = self.present(called)

        def then() -> None:
            person = self.people.known(address)
            assert not self.people.is_barred(address, slug), f"{address} is suppressed on {slug}, and was added"
            assert again or (person, slug) not in self.people.left, f"{address} left {slug}, and was added"
            self.people.left.pop((person, slug), None)
            self.people.rests_on[person, slug].add(ACT)
            assert self.statuses()[address, slug] == "active"

        def work(store: SubscriberStore) -> None:
            store.add(address, lists=[called], basis=BASIS, again=again, name=name)

        self.command("add", work, then=then, death=death)

    def remove(self, address: str, called: str | None, *, death: Death | None = None) -> None:
        slug = self._meant(called)
        still = self._still_in(address, slug)
        work: Work = lambda store: store.remove(address, list_slug=called)  # noqa: E731 one of many
        self.command("remove", work, then=lambda: self._left(address, slug, still), death=death)

    def _meant(self, called: str | None) -> str | None:
        return None if called is None else self.present(called)

    def _still_in(self, address: str, slug: str | None) -> set[str]:
        return {
            each for (at, each), is_ in self.statuses().items() if at == address and is_ in IN and slug in {None, each}
        }

    def _left(self, address: str, slug: str | None, still: set[str]) -> None:
        person = self.people.known(address)
        for each in still | {known for (who, known) in self.people.left if who == person and slug in {None, known}}:
            self.people.leave(person, each, ACT)
        assert not self._still_in(address, slug)

    def follow_link(self, address: str, called: str | None, *, undo: bool, one_click: bool) -> None:
        """Leave by the link in a mail, or take back what was left a moment ago."""
        found = self.store.show(address)
        if found is None:
            return
        slug = self._meant(called)  # the page may be older than a merger
        token = make_token(KEYS, purpose="leave", subscriber_id=found.id)
        still = self._still_in(address, slug)
        owner = read_link_owner(self.store, found.id)
        assert owner is not None
        if not undo and slug is not None and slug not in owner.lists and not one_click:
            still = set()  # a page that is old: nothing is done
        taken_back = "&".join(["action=undo", *(f"list={each}" for each in owner.just_left)])
        form = taken_back if undo else f"scope={called or ALL}"

        def work(store: SubscriberStore) -> None:
            site: Any = SimpleNamespace(path="", services=SimpleNamespace(keys=KEYS, subscribers=store))
            scope = {"type": "http", "path_params": {"token": token}, "query_string": b"", "headers": []}
            if one_click:
                assert Leaving(site)._one_click(Request(scope)).status_code == 200
            else:
                assert Leaving(site)._submit(Request(scope), form.encode()).status_code == 303

        if undo and owner.just_left and not one_click:
            self.command("undo leaving", work, then=lambda: self._back(address, set(owner.just_left)))
        elif not undo or one_click:
            scope = None if one_click else slug
            still = self._still_in(address, None) if one_click else still
            then = (lambda: self._left(address, scope, still)) if still or scope is None else (lambda: None)
            self.command("leave by link", work, then=then)

    def _back(self, address: str, lists: set[str]) -> None:
        person, now = self.people.at[address], self.statuses()
        for each in lists:
            if now[address, each] == "active":
                self.people.left.pop((person, each), None)
                self.people.rests_on[person, each].add(ACT)

    def move(self, old: str, new: str, *, death: Death | None = None) -> None:
        held = {slug: each for (at, slug), each in self.statuses().items() if at == old}

        def then() -> None:
            self.people.move(old, new)
            assert {slug: each for (at, slug), each in self.statuses().items() if at == new} == held

        self.command("move", lambda store: move_person(store, old, new), then=then, death=death)

    def suppress(self, address: str, called: str | None, *, by_file: bool, death: Death | None = None) -> None:
        file, slug = self._file([address]), self._meant(called)

        def work(store: SubscriberStore) -> None:
            if by_file:
                suppress_file(store, file, note="n", list_slug=called)
            else:
                suppressing.suppress(store, address, reason=SuppressionReason.MANUAL, note="n", list_slug=called)

        def then() -> None:
            is_needless = (address, ALL) in self.people.barred and self.people.barred[address, ALL] == ACT
            if not is_needless:
                self.people.bar(address, slug or ALL, ACT)

        self.command("suppress", work, then=then, death=death)

    def release(self, address: str, called: str | None, *, by_file: bool = False, death: Death | None = None) -> None:
        file, scope, before = self._file([address]), self._meant(called) or ALL, self.statuses()

        def work(store: SubscriberStore) -> None:
            if by_file:
                release_file(store, file, note="asked", noted="n", list_slug=called)
            else:
                suppressing.release(store, address, note="asked", list_slug=called)

        def then() -> None:
            if not by_file or self._is_released(address, scope):
                self.people.barred.pop((address, scope), None)
            for (at, each), status in self.statuses().items():
                if at == address and before.get((at, each)) == "suppressed" and status == "unsubscribed":
                    self.people.leave(self.people.known(address), each, ACT)

        self.command("release", work, then=then, death=death)

    def _is_released(self, address: str, scope: str) -> bool:
        return all(each.scope != scope for each in suppressing.read_suppressions(self.store, address))

    def _file(self, addresses: list[str]) -> Path:
        file = self.folder / "addresses.csv"
        file.write_text("\n".join(["epost", *addresses, ""]), "utf-8")
        return file

    def erase(self, address: str, *, death: Death | None = None) -> None:
        """Nobody knows afterwards what they had: who is added with that address is somebody new."""
        person = self.people.at.get(address)
        (self.folder / "nowhere").mkdir(exist_ok=True)

        def then() -> None:
            forms = self.people.erase(person, address)
            self.on_erased(forms, person)

        self.command(
            "erase", lambda store: erase(store, address, workspace=self.folder / "nowhere"), then=then, death=death
        )

    def purge(self, *, death: Death | None = None) -> None:
        kept = {key: each for key, each in self.members().items() if each != "pending"}
        known = set(self.numbers().values())

        def then() -> None:
            assert kept.items() <= self.members().items(), "who is on a list, or out of it, is purged"
            # An import that brought them has nothing of them any more: another one brings them anew, on its own.
            self.people.forget_reasons(known - set(self.numbers().values()))
            self.on_purged()

        work: Work = lambda store: purge(store, unconfirmed=timedelta(), details=timedelta(days=-1))  # noqa: E731
        self.command("purge", work, then=then, death=death)
