"""Read subscriber files as people save them from Excel; a line that is not understood is refused by its number."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple
from unicodedata import is_normalized

from mailer.catalogue import msg
from mailer.errors import MailerError
from mailer.languages import LANGUAGES, Lang
from mailer.spreadsheets.formulas import restore
from mailer.spreadsheets.limits import Rows as TableRows
from mailer.spreadsheets.limits import SpreadsheetError
from mailer.spreadsheets.table import open_table
from mailer.subscribers.facts.address import Address, AddressError, parse_address
from mailer.subscribers.facts.basis import BasisError, require_basis
from mailer.subscribers.facts.identity_numbers import holds_identity_number, may_hold_identity_number
from mailer.subscribers.facts.roles import RoleError, parse_role
from mailer.subscribers.facts.words import MAXIMUM_WORDS, MOST_SHOWN, WordsError, clean_words, mark_halves, shown
from mailer.subscribers.files.columns import (
    STATUSES,
    RowDefaults,
    check_defaults,
    count_known,
    read_header,
    says_statuses,
    surplus_name,
)
from mailer.subscribers.files.statuses import OPT_OUTS, StatusError, parse_status
from mailer.subscribers.model import ALL_LISTS, Register, SubscriberList, SubscriptionStatus
from mailer.subscribers.register import list_names, near_list

_LANG_OF: Mapping[str, Lang] = {word: lang for lang, each in LANGUAGES.items() for word in (lang, *each.words_in_files)}

_PERSON = ("address", "name", "given", "family", "organisation")
_VALUES = (*_PERSON, "list", "role", "lang", "basis", *STATUSES)
_ALL_LISTS = {ALL_LISTS, "alle", "alle lister", "all lists"}


class SubscriberRow(NamedTuple):
    """One line that is understood; a tuple, since there may be a million.

    Empty texts were not given; `lang` is None when the list's language holds. A line that says that no mail is wanted
    has no name, no facts and no basis, whatever stands in it, and no list where it holds for all of them; `said` is its
    own word for the status.
    """

    file: str
    line: int
    address: Address
    name: str
    organisation: str
    list: SubscriberList | None
    role: str
    lang: Lang | None
    basis: str
    status: SubscriptionStatus
    said: str = ""

    @property
    def slug(self) -> str:
        """The list's slug, or `ALL_LISTS`."""
        return self.list.slug if self.list else ALL_LISTS


_Terms = tuple[SubscriberList | None, str, Lang | None, str, SubscriptionStatus, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRow:
    """One line that is not understood, and why. `cells` are what stands in it, by column, and beyond the last one."""

    file: str
    line: int
    reason: str
    cells: Mapping[str, str]


ParsedRows = Generator[SubscriberRow | RefusedRow, None, None]


def read_rows(file: Path, register: Register, *, defaults: RowDefaults) -> ParsedRows:
    """Yield each line of a file in order, understood or refused. Raises `SpreadsheetError` when no line can be trusted.

    CSV in UTF-8, UTF-16 or cp1252, with semicolons, commas or tabs; or an Excel workbook.
    """
    with open_table(file, known=count_known) as cells:
        start, header = next(cells, (1, []))
        columns = read_header(header, where=f"{file}:{start}")
        if not says_statuses(columns):
            check_defaults(columns, defaults, where=str(file))
        parser = _RowParser(mark_halves(str(file)), columns, list_names(register), register, defaults)
        yield from parser.rows(cells)


class RowError(MailerError):
    """One line that is not understood."""


class _RowParser:
    """Turns the cells of one file's lines into rows."""

    def __init__(
        self,
        file: str,
        columns: dict[str, int],
        lists: Mapping[str, SubscriberList],
        register: Register,
        defaults: RowDefaults,
    ) -> None:
        self.file = file
        self.columns = columns
        self.lists = lists
        self.defaults = defaults
        nowhere = len(columns)  # an empty cell is put there
        self._values = itemgetter(*(columns.get(each, nowhere) for each in _VALUES))
        self._terms = lru_cache(maxsize=10_000)(self._parse_terms)
        self._near_list = lru_cache(maxsize=1_000)(partial(near_list, register))

    def rows(self, lines: TableRows) -> ParsedRows:
        for line, cells in lines:
            joined = "|".join(cells)
            is_clean = _is_clean(joined)
            if may_hold_identity_number(joined) or (not is_clean and holds_identity_number(joined)):
                self._refuse_identity_numbers(line, cells)
            try:
                yield self._row(line, self._cleaned(cells, is_clean=is_clean))
            except (RowError, AddressError, BasisError, RoleError, StatusError, WordsError) as refused:
                yield RefusedRow(file=self.file, line=line, reason=refused.what, cells=self._as_written(cells))

    def _as_written(self, cells: list[str]) -> dict[str, str]:
        surplus = cells[len(self.columns) :]
        while surplus and not surplus[-1]:
            surplus.pop()
        named = {column: cells[at] for column, at in self.columns.items() if at < len(cells)}
        return named | {surplus_name(number): cell for number, cell in enumerate(surplus, 1)}

    def _cleaned(self, cells: list[str], *, is_clean: bool) -> list[str]:
        """Return as many cells as there are columns, and an empty one."""
        number = len(self.columns)
        if not is_clean:
            cells = [clean_words(restore(cell)) for cell in cells]
        if len(cells) == number:
            return [*cells, ""]
        if len(cells) > number and any(cells[number:]):
            beyond = " ".join(filter(None, cells[number:]))
            raise RowError(msg("people.surplus-cells", cells=shown(beyond)))
        return cells[:number] + [""] * (number + 1 - min(len(cells), number))

    def _row(self, line: int, cells: list[str]) -> SubscriberRow:
        address, name, given, family, organisation, *terms = self._values(cells)
        full_name = name or f"{given} {family}".strip()
        common = self._terms(*terms)
        if common[4] in OPT_OUTS:  # the address is all it takes to keep somebody out
            full_name = organisation = ""
        return SubscriberRow(self.file, line, parse_address(address), full_name, organisation, *common)

    def _parse_terms(self, list_: str, role: str, lang: str, basis: str, *statuses: str) -> _Terms:
        """Return the facts that many lines have in common."""
        status, said = parse_status(*statuses)
        if status in OPT_OUTS:
            return self._list_left(list_), "", None, "", status, said
        check_defaults(self.columns, self.defaults, where=self.file)
        basis = require_basis(basis or self.defaults.basis)
        return self._list(list_), parse_role(role), _lang(lang), basis, status, said

    def _list_left(self, name: str) -> SubscriberList | None:
        """The list that somebody wants no mail through, or None for all of them: the line says so, or names none."""
        is_all = name.casefold() in _ALL_LISTS or not (name or self.defaults.list)
        return None if is_all else self._list(name)

    def _list(self, name: str) -> SubscriberList:
        if not name and self.defaults.list is not None:
            return self.defaults.list
        found = self.lists.get(name.casefold())
        if found is None:
            raise self._no_such_list(name)
        return found

    def _no_such_list(self, name: str) -> RowError:
        if not name:
            return RowError(msg("people.list-missing"))
        if name.casefold() in _ALL_LISTS:
            return RowError(msg("people.all-lists-for-opt-outs", list=shown(name)))
        if near := self._near_list(name[:MOST_SHOWN]):
            return RowError(msg("people.no-such-list-near", list=shown(name), near=near.slug))
        return RowError(msg("people.no-such-list", list=shown(name)))

    def _refuse_identity_numbers(self, line: int, cells: list[str]) -> None:
        """Refuse the whole file for one number, and do not repeat the number."""
        for at, cell in enumerate(cells, 1):
            if holds_identity_number(cell):
                raise SpreadsheetError(
                    msg("people.identity-number-in-column", column=str(at)),
                    where=f"{self.file}:{line}",
                    hint=msg("people.remove-column"),
                )


def _is_clean(joined: str) -> bool:
    """Return whether cleaning and restoring would leave every cell of a line as it is, as they do with most lines."""
    return (
        len(joined) <= MAXIMUM_WORDS
        and joined.isprintable()
        and joined[:1] != " " != joined[-1:]
        and "  " not in joined
        and "| " not in joined
        and " |" not in joined
        and "'" not in joined
        and (joined.isascii() or is_normalized("NFC", joined))
    )


def _lang(cell: str) -> Lang | None:
    if not cell:
        return None
    lang = _LANG_OF.get(cell.casefold())
    if lang is None:
        raise RowError(msg("people.no-such-language", lang=shown(cell), langs=", ".join(_LANG_OF)))
    return lang
