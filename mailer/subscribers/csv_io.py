"""Reading subscriber files as people save them from Excel: what is understood, and what is refused with its line."""

import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from mailer.errors import MailerError, reason_of
from mailer.subscribers.address import Address, AddressError, parse_address
from mailer.subscribers.basis import BasisError, require_basis
from mailer.subscribers.columns import CsvDefaults, CsvError, UnreadableFileError, check_defaults, read_header
from mailer.subscribers.csv_cells import SAVE_AGAIN, open_csv
from mailer.subscribers.formulas import restore
from mailer.subscribers.model import Lang, Register, SubscriberList, SubscriptionStatus
from mailer.subscribers.register import list_names, nearest_list
from mailer.subscribers.roles import RoleError, parse_role
from mailer.subscribers.words import MAXIMUM_ROLE, MAXIMUM_WORDS, WordsError, clean_words
from mailer.subscribers.xlsx_cells import open_xlsx

__all__ = ["CsvDefaults", "CsvError", "CsvRow", "RefusedRow", "read_csv"]

LANGS: Mapping[str, Lang] = {
    "nb": "nb",
    "bokmål": "nb",
    "nn": "nn",
    "nynorsk": "nn",
    "se": "se",
    "nordsamisk": "se",
    "davvisámegiella": "se",
    "en": "en",
    "engelsk": "en",
    "english": "en",
}

_ELEVEN_DIGITS = re.compile(r"(?<!\d)\d{6} ?\d{5}(?!\d)")
_NEEDS_CARE = re.compile(r"  |\| | \||'")
_FOREIGN = {
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls), or one with a password",
    b"%PDF": "a PDF",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvRow:
    """One line that is understood. Empty texts were not given; `lang` is None when the list's language holds."""

    file: str
    line: int
    address: Address
    list: SubscriberList
    name: str
    organisation: str
    role: str
    lang: Lang | None
    basis: str
    status: SubscriptionStatus = SubscriptionStatus.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRow:
    """One line that is not understood, and why. `cells` are what stands in it, by column."""

    file: str
    line: int
    reason: str
    cells: Mapping[str, str] = field(default_factory=dict)


Rows = Generator[CsvRow | RefusedRow, None, None]
Cells = Iterator[tuple[int, list[str]]]


def read_csv(file: Path, register: Register, *, defaults: CsvDefaults) -> Rows:
    """Yield each line of a file in order, understood or refused. Raises `CsvError` when no line can be trusted.

    CSV in UTF-8, UTF-16 or cp1252, with semicolons, commas or tabs; or an Excel workbook.
    """
    with _open(file) as cells:
        start, header = next(cells, (1, []))
        columns = read_header(header, where=f"{file}:{start}")
        check_defaults(columns, defaults, where=str(file))
        parser = _RowParser(str(file), columns, list_names(register), register, defaults)
        yield from parser.rows(cells)


def _open(file: Path) -> AbstractContextManager[Cells]:
    try:
        with file.open("rb") as opened:
            beginning = opened.read(4)
    except OSError as error:
        raise UnreadableFileError(
            f"the file cannot be read: {reason_of(error)}",
            where=str(file),
            hint="Check its name, that it is a file and no folder, and that you may read it.",
        ) from error
    for signature, kind in _FOREIGN.items():
        if beginning == signature:
            raise CsvError(f"this is {kind}", where=str(file), hint=SAVE_AGAIN)
    return open_xlsx(file) if beginning == b"PK\x03\x04" else open_csv(file)


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
        defaults: CsvDefaults,
    ) -> None:
        self.file = file
        self.columns = columns
        self.lists = lists
        self.register = register
        self.defaults = defaults

    def rows(self, lines: Cells) -> Rows:
        for line, cells in lines:
            joined = "|".join(cells)
            if _ELEVEN_DIGITS.search(joined):
                self._refuse_national_identity_numbers(line, cells)
            try:
                yield self._row(line, self._named(cells, joined))
            except (RowError, AddressError, BasisError, RoleError, WordsError) as refused:
                yield RefusedRow(file=self.file, line=line, reason=refused.what, cells=self._as_written(cells))

    def _as_written(self, cells: list[str]) -> dict[str, str]:
        return {column: cells[at] for column, at in self.columns.items() if at < len(cells)}

    def _named(self, cells: list[str], joined: str) -> dict[str, str]:
        if len(cells) == len(self.columns) and _is_clean(joined):
            named = dict(zip(self.columns, cells, strict=True))
            if len(named.get("role", "")) <= MAXIMUM_ROLE:
                return named
        if len(cells) > len(self.columns) and any(cell.strip() for cell in cells[len(self.columns) :]):
            raise RowError("the line has more columns than the header")
        return {
            column: clean_words(restore(cells[at]), limit=MAXIMUM_ROLE if column == "role" else MAXIMUM_WORDS)
            for column, at in self.columns.items()
            if at < len(cells)
        }

    def _row(self, line: int, cells: dict[str, str]) -> CsvRow:
        given = cells.get
        address = parse_address(given("address", ""))
        return CsvRow(
            file=self.file,
            line=line,
            address=address,
            list=self._list(given("list", "")),
            name=given("name", "") or f"{given('given', '')} {given('family', '')}".strip(),
            organisation=given("organisation", ""),
            role=parse_role(given("role", "")),
            lang=_lang(given("lang", "")),
            basis=require_basis(given("basis", "") or self.defaults.basis),
            status=_status(given("status", "")),
        )

    def _list(self, name: str) -> SubscriberList:
        if not name and self.defaults.list is not None:
            return self.defaults.list
        found = self.lists.get(name.casefold())
        if found is None:
            hint = nearest_list(self.register, name)
            raise RowError(f"there is no list {name[:80]!r}. {hint}" if name else "the list is missing")
        return found

    def _refuse_national_identity_numbers(self, line: int, cells: list[str]) -> None:
        """Such a file should not exist, so nothing of it is taken in, and the number is not repeated."""
        for at, cell in enumerate(cells, 1):
            if any(_is_national_identity_number(found) for found in _ELEVEN_DIGITS.findall(cell)):
                raise CsvError(
                    f"column {at} holds what looks like a fødselsnummer; the file is not taken in",
                    where=f"{self.file}:{line}",
                    hint="Remove the column, and delete copies of the file.",
                )


def _is_clean(joined: str) -> bool:
    """Whether cleaning and restoring would leave every cell of a line as it is, as they do with most lines."""
    return (
        len(joined) <= MAXIMUM_WORDS
        and joined.isprintable()
        and not _NEEDS_CARE.search(joined)
        and joined[:1] != " " != joined[-1:]
    )


def _lang(cell: str) -> Lang | None:
    if not cell:
        return None
    lang = LANGS.get(cell.casefold())
    if lang is None:
        raise RowError(f"the language {cell[:40]!r} is not one of {', '.join(LANGS)}")
    return lang


def _status(cell: str) -> SubscriptionStatus:
    """What an export says; people who had left there are not taken in here."""
    try:
        return SubscriptionStatus(cell.casefold() or "active")
    except ValueError:
        raise RowError(f"the status {cell[:40]!r} is not one of {', '.join(SubscriptionStatus)}") from None


def _is_national_identity_number(text: str) -> bool:
    """Both control digits fit (Skatteetaten, fødselsnummer: modulus 11)."""
    digits = [int(digit) for digit in text if digit != " "]
    return all(
        sum(weight * digit for weight, digit in zip(weights, digits, strict=False)) % 11 == 0
        for weights in ((3, 7, 6, 1, 8, 9, 4, 5, 2, 1), (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1))
    )
