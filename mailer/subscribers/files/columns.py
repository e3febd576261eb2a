"""The columns of a subscriber file: what people call them, in any order, and which of them must be there."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from unicodedata import normalize

from mailer.catalogue import Message, either, msg
from mailer.nearest import nearest
from mailer.spreadsheets.limits import MAXIMUM_COLUMNS, SpreadsheetError
from mailer.subscribers.facts.fields import name_of_field
from mailer.subscribers.facts.words import shown
from mailer.subscribers.model import SubscriberList

# The first name of each is what exports are headed with.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "address": ("epost", "e-post", "e-postadresse", "epostadresse", "email", "e-mail", "e-mail address", "mail"),
    "name": ("navn", "namn", "name", "fullt navn", "fullt namn", "full name"),
    "given": ("fornavn", "førenamn", "first name", "given name"),
    "family": ("etternavn", "etternamn", "last name", "surname", "family name"),
    "list": ("liste", "list", "helsefellesskap"),
    "lang": ("språk", "målform", "language", "lang"),
    "role": ("rolle", "role"),
    "organisation": ("organisasjon", "organisation", "organization", "virksomhet", "verksemd", "arbeidssted"),
    "basis": ("grunnlag", "behandlingsgrunnlag", "basis", "legal basis"),
    "status": ("status", "abonnementsstatus", "subscription status", "email status"),
    "subscribed": ("subscribed", "påmeldt", "påmeld", "subscribed to emails", "subscribed_to_emails", "is subscribed"),
    "unsubscribed": (
        "unsubscribed",
        "avmeldt",
        "avmeld",
        "utmeldt",
        "reservert",
        "opted out",
        "opt-out",
        "opt out",
        "email opt out",
        "unsubscribed at",
        "unsub_time",
    ),
    "reason": ("årsak", "reason"),  # in the file of refused lines; not read
}
STATUSES = ("status", "subscribed", "unsubscribed")
_HEADERS = {header: column for column, headers in COLUMNS.items() for header in headers}


@dataclass(frozen=True, slots=True, kw_only=True)
class RowDefaults:
    """Values for all lines of a file that has no column for them."""

    list: SubscriberList | None = None
    basis: str = ""


def count_known(cells: Sequence[str]) -> int:
    """Return how many of the cells are names of columns."""
    return sum(_folded(cell) in _HEADERS for cell in cells)


def surplus_name(number: int) -> str:
    """Return the name of a cell beyond the header among the cells of a refused line; the first has number 1."""
    return f"surplus {number}"


def is_header(cells: Sequence[str]) -> bool:
    """Return whether the cells name a column that holds the address."""
    return any(_HEADERS.get(_folded(cell)) == "address" for cell in cells)


def columns_of(cells: Sequence[str], *, where: str) -> dict[str, int]:
    """Return the place of each known column, and nothing of the others; two for one thing are refused."""
    columns: dict[str, int] = {}
    for index, name in enumerate(map(_folded, cells)):
        column = _HEADERS.get(name, "")
        if column and column in columns:
            raise _two_columns(column, where)
        columns[column] = index
    return columns


def read_header(cells: Sequence[str], *, where: str) -> dict[str, int]:
    """Return the place of each column; unknown ones are refused, since dropping collected data is worse."""
    names = [_folded(cell) for cell in cells]
    while names and not names[-1]:
        names.pop()
    if len(names) > MAXIMUM_COLUMNS:
        what = msg("people.header-too-wide", columns=MAXIMUM_COLUMNS)
        raise SpreadsheetError(what, where=where, hint=msg("people.header-too-wide-hint", names=_NAMES_OF_EXPORTS))
    if not any(_HEADERS.get(name) == "address" for name in names):
        hint = msg("people.name-address-column", names=either(COLUMNS["address"][:2]))
        raise SpreadsheetError(msg("people.no-address-column"), where=where, hint=hint)
    columns: dict[str, int] = {}
    for index, name in enumerate(names):
        column = _known(name, where)
        if column in columns:
            raise _two_columns(column, where)
        columns[column] = index
    return columns


def says_statuses(columns: Mapping[str, int]) -> bool:
    """Return whether a file says of each line if mail is wanted: opt-outs need no list and no basis."""
    return any(each in columns for each in STATUSES)


def check_defaults(columns: Mapping[str, int], defaults: RowDefaults, *, where: str) -> None:
    """Raise `SpreadsheetError` when nothing says the list, or on what basis people may be written to."""
    if "list" not in columns and defaults.list is None:
        raise SpreadsheetError(msg("people.nothing-says-list"), where=where, hint=msg("people.nothing-says-list-hint"))
    if "basis" not in columns and not defaults.basis:
        raise SpreadsheetError(
            msg("people.nothing-says-basis"), where=where, hint=msg("people.nothing-says-basis-hint")
        )


def _folded(cell: str) -> str:
    return normalize("NFC", cell.strip().casefold())


def _known(name: str, where: str) -> str:
    if name in _HEADERS:
        return _HEADERS[name]
    if not name:
        hint = msg("people.column-without-name-hint")
        raise SpreadsheetError(msg("people.column-without-name"), where=where, hint=hint)
    near = dict.fromkeys(_HEADERS[each] for each in nearest(name, _HEADERS, most=3))
    hint = _meant(name, near) if near else msg("people.no-such-column-hint", names=_NAMES_OF_EXPORTS)
    raise SpreadsheetError(msg("people.no-such-column", name=shown(name)), where=where, hint=hint)


def _meant(name: str, columns: Iterable[str]) -> Message:
    likely = tuple(nearest(name, COLUMNS[column])[0] for column in columns)
    return msg("people.did-you-mean-column", names=either(likely))


def _two_columns(column: str, where: str) -> SpreadsheetError:
    what = msg("people.two-columns", column=name_of_field(column))
    return SpreadsheetError(what, where=where, hint=msg("people.remove-one-column"))


_NO_NEED = ("subscribed", "unsubscribed", "reason")
_NAMES_OF_EXPORTS = ", ".join(names[0] for column, names in COLUMNS.items() if column not in _NO_NEED)
