"""The commands about lists and files: merge, rename, import, undo, export."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import func, select

from mailer.database.tables import import_run, subscriber
from mailer.subscribers.files.columns import RowDefaults
from mailer.subscribers.files.exporting import ExportChoice, Format, export
from mailer.subscribers.imports.importing import ImportOptions, ImportReport, import_files
from mailer.subscribers.imports.model import CHANGING
from mailer.subscribers.imports.undoing import undo_import
from mailer.subscribers.model import SubscriberList, SubscriptionStatus
from mailer.subscribers.people import suppressing
from mailer.subscribers.people.merging import merge_lists
from mailer.subscribers.people.store import SubscriberStore
from tests.delivery.promises.commands import BASIS, IN
from tests.delivery.promises.dying import Death
from tests.delivery.promises.model import ALL, Membership
from tests.delivery.promises.persons import PeopleDesk

Row = tuple[str, str, str]  # address, list as the file calls it, status


@dataclass
class Imported:
    """A file that was imported, and what it was: its number when it changed anything."""

    file: Path
    rows: tuple[Row, ...]
    number: int | None


@dataclass
class Office(PeopleDesk):
    """All commands about people."""

    imports: list[Imported] = field(default_factory=list)

    # --- lists ------------------------------------------------------------------------------------

    def merge(self, old: str, called: str, *, with_alias: bool, death: Death | None = None) -> None:
        into = self.present(called)
        if old == into or not {old, into} <= set(self.slugs):
            return
        before, lists = self.members(), [each for each in self.register.lists if each.slug != old]
        if with_alias:
            gone = self.register.find(old)
            assert gone is not None
            lists = [
                replace(each, aliases=(*each.aliases, old, *gone.aliases)) if each.slug == into else each
                for each in lists
            ]
        register = replace(self.register, lists=tuple(lists))

        def then() -> None:
            self.register_now(register)
            self.slugs.remove(old)
            self.part_of[old] = into
            after = self.members()
            self.people.merge(old, into, outs={who for who, _ in self.people.left if after.get((who, into)) not in IN})
            self._require_merged(before, old, into)

        self.command("merge", lambda store: merge_lists(store, register, old, called), then=then, death=death)

    def _require_merged(self, before: dict[Membership, str], old: str, into: str) -> None:
        """Require that nobody is lost, and nobody back, but who is suppressed for one of the lists is for both."""
        after, at = self.members(), {person: address for address, person in self.people.at.items()}
        for (person, slug), status in before.items():
            now = after.get((person, slug if slug != old else into))
            one, two = before.get((person, old)), before.get((person, into))
            if slug not in {old, into} or (one is None) != (two is None):
                is_barred = self.people.is_barred(at[person], into) and slug in {old, into}
                assert now not in IN if is_barred else now == status, (
                    f"{at[person]} was {status} on {slug}, and is {now}"
                )
            elif two not in IN:
                assert now not in IN, f"{at[person]} was {two} on {into} before {old} became part of it"
            elif one in IN and not self.people.is_barred(at[person], into):
                assert now in IN, f"{at[person]} was on {old} and {into} before they were merged"

    def rename(self, old: str, *, death: Death | None = None) -> None:
        """Give a list another slug, under which files of before go on to find it.

        After a death in the merger both lists are in the register's files already: only the merger is left to do.
        """
        if old not in self.slugs:
            return
        new = f"{old}-ny"
        if new not in self.slugs:
            self._register_beside(old, new)
        self.merge(old, new, with_alias=True, death=death)

    def _register_beside(self, old: str, new: str) -> None:
        """Add a list to the register's files; no other may be called so any more, as it may since a merger of it."""
        others = [
            replace(each, aliases=tuple(alias for alias in each.aliases if alias != new))
            for each in self.register.lists
        ]
        lists = (each for one in others for each in ((one, _renamed(one, new)) if one.slug == old else (one,)))
        self.register_now(replace(self.register, lists=tuple(lists)))
        self.slugs.append(new)
        self.part_of.pop(new, None)

    # --- files ------------------------------------------------------------------------------------

    def import_rows(self, rows: tuple[Row, ...], *, skip_invalid: bool, death: Death | None = None) -> None:
        file = self.folder / f"file-{len(self.imports)}.csv"
        lines = (f"{address};{slug};{BASIS};{status}" for address, slug, status in rows)
        file.write_text("\n".join(["epost;liste;grunnlag;status", *lines, ""]), "utf-8")
        self._import(file, rows, skip_invalid=skip_invalid, death=death)

    def import_again(self, which: int, *, death: Death | None = None) -> None:
        if self.imports:
            again = self.imports[which % len(self.imports)]
            self._import(again.file, again.rows, skip_invalid=True, death=death)

    def _import(self, file: Path, rows: tuple[Row, ...], *, skip_invalid: bool, death: Death | None) -> None:
        before, latest = self.statuses(), self._latest_import()

        def then() -> None:
            number = self._latest_import()
            self.imports.append(Imported(file, rows, number if number != latest else None))
            names = {name: each.slug for each in self.register.lists for name in (each.slug, *each.aliases)}
            understood = [
                (address, names.get(name, name), status) for address, name, status in rows if name in {*names, ALL}
            ]
            if skip_invalid or len(understood) == len(rows):
                self._take_in(understood, before, number if number != latest else None)

        def work(store: SubscriberStore) -> ImportReport:
            options = ImportOptions(defaults=RowDefaults(basis=BASIS), skip_invalid=skip_invalid)
            return import_files(store, self.register, [file], options=options)

        self.command("import", work, then=then, death=death)

    def _latest_import(self) -> int:
        with self.watcher.reading() as connection:
            return int(connection.execute(select(func.coalesce(func.max(import_run.c.id), 0))).scalar_one())

    def _take_in(self, rows: list[Row], before: dict[tuple[str, str], str], number: int | None) -> None:
        """Note who is out by the file, and require that the others are in, and nobody besides is touched."""
        after, outs = self.statuses(), {(address, slug) for address, slug, status in rows if status not in {"", *IN}}
        wanted = {(address, slug) for address, slug, status in rows if status in {"", *IN} and slug != ALL}
        for address, slug in wanted:
            of_one = {each for (at, _), each in before.items() if at == address} - {"suppressed"}
            is_out = of_one == {"unsubscribed"} or {(address, slug), (address, ALL)} & outs
            if not is_out and not self.people.is_out(address, slug):
                assert after.get((address, slug)) in IN, f"{address} is not on {slug}, and is in the file"
        for (address, slug), status in before.items():
            if not {(address, slug), (address, ALL)} & (outs | wanted):
                assert after.get((address, slug)) == status, f"{address} is {status} on {slug} and not in the file"
        if number is not None:
            self._note(rows, wanted, before, number)

    def _note(
        self, rows: list[Row], wanted: set[tuple[str, str]], before: dict[tuple[str, str], str], number: int
    ) -> None:
        people, after = self.people, self.statuses()
        for address, slug in wanted:
            # a line that finds somebody on the list already, on the same basis, is not written down
            if after.get((address, slug)) in IN and before.get((address, slug)) not in IN:
                people.rests_on[people.known(address), slug].add(number)
        for address, slug, status in sorted(rows, key=lambda row: row[2] != "suppressed"):
            if status in {"", *IN}:
                continue
            was_barred = people.is_barred(address, slug)
            lists = {each for (at, each), is_ in {**before, **after}.items() if at == address and slug in {ALL, each}}
            for each in lists:
                if before.get((address, each)) in {*IN, None}:
                    people.leave(people.known(address), each, number)
            if not was_barred and (status == "suppressed" or (slug == ALL and self._is_held(address))):
                people.bar(address, slug, number)
        with self.watcher.reading() as connection:
            for known in connection.execute(select(subscriber.c.address)).scalars():
                people.known(known)

    def _is_held(self, address: str) -> bool:
        return any(each.scope == ALL for each in suppressing.read_suppressions(self.store, address))

    def undo(self, which: int, *, death: Death | None = None) -> None:
        done = [each for each in self.imports if each.number is not None]
        if not done:
            return
        number, before = done[which % len(done)].number or 0, self.members()

        def then() -> None:
            for each in done:
                each.number = None if each.number == number else each.number
            theirs = {key for key, reasons in self.people.rests_on.items() if number in reasons}
            out_by_it = {key for key, why in self.people.left.items() if why == number}
            at = {person: address for address, person in self.people.at.items()}
            barred = {key for key, why in self.people.barred.items() if why == number}
            self.people.undo(number)
            after = self.members()
            for key, status in before.items():
                is_barred = {(at[key[0]], key[1]), (at[key[0]], ALL)} & barred
                if key in out_by_it or is_barred or (key in theirs and not self.people.rests_on[key]):
                    continue
                assert after.get(key) == status, f"{at[key[0]]} was {status} on {key[1]} before the import was undone"

        self.command("undo", lambda store: undo_import(store, number), then=then, death=death)

    def export_and_import(self) -> None:
        """Export everybody and import that: nothing changes."""
        file = self.folder / "export.csv"
        every = ExportChoice(statuses=tuple(SubscriptionStatus))

        def work(store: SubscriberStore) -> None:
            export(store, file, choice=every, form=Format.EXCEL)
            report = import_files(store, self.register, [file], options=ImportOptions())
            assert not any(report.counts[each] for each in CHANGING), f"an export changes something: {report}"

        self.command("export and import", work, then=lambda: None)


def _renamed(known: SubscriberList, new: str) -> SubscriberList:
    short, name_nb, name_nn = (f"{each} (ny)" for each in (known.short, known.name_nb, known.name_nn))
    return replace(known, slug=new, aliases=(), short=short, name_nb=name_nb, name_nn=name_nn)
