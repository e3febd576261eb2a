"""The columns of a subscriber file: what people call them, in any order, and which of them must be there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from unicodedata import normalize

from mailer.nearest import nearest
from mailer.spreadsheets.limits import MAXIMUM_COLUMNS, SpreadsheetError
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
            raise SpreadsheetError(f"two columns hold the {column}", where=where, hint="Remove one of them.")
        columns[column] = index
    return columns


def read_header(cells: Sequence[str], *, where: str) -> dict[str, int]:
    """Return the place of each column; unknown ones are refused, since dropping collected data is worse."""
    names = [_folded(cell) for cell in cells]
    while names and not names[-1]:
        names.pop()
    if len(names) > MAXIMUM_COLUMNS:
        raise SpreadsheetError(
            f"the header has more than {MAXIMUM_COLUMNS} columns",
            where=where,
            hint=f"Keep those that are known: {_NAMES_OF_EXPORTS}.",
        )
    if not any(_HEADERS.get(name) == "address" for name in names):
        raise SpreadsheetError(
            "no column holds the e-mail address",
            where=where,
            hint=f"The first line must name it {' or '.join(COLUMNS['address'][:2])}. {_ALL_NAMES}",
        )
    columns: dict[str, int] = {}
    for index, name in enumerate(names):
        column = _known(name, where)
        if column in columns:
            raise SpreadsheetError(f"two columns hold the {column}", where=where, hint="Remove one of them.")
        columns[column] = index
    return columns


def says_statuses(columns: Mapping[str, int]) -> bool:
    """Return whether a file says of each line if mail is wanted: opt-outs need no list and no basis."""
    return any(each in columns for each in STATUSES)


def check_defaults(columns: Mapping[str, int], defaults: RowDefaults, *, where: str) -> None:
    """Raise `SpreadsheetError` when nothing says the list, or on what basis people may be written to."""
    if "list" not in columns and defaults.list is None:
        raise SpreadsheetError(
            "nothing says which list these subscribers are for",
            where=where,
            hint="Add a column liste, or name the list with --list.",
        )
    if "basis" not in columns and not defaults.basis:
        raise SpreadsheetError(
            "nothing says on what basis these people may be written to",
            where=where,
            hint="Add a column grunnlag, or give it with --basis.",
        )


def _folded(cell: str) -> str:
    return normalize("NFC", cell.strip().casefold())


def _known(name: str, where: str) -> str:
    if name in _HEADERS:
        return _HEADERS[name]
    if not name:
        raise SpreadsheetError("a column has no name", where=where, hint=f"Name it or remove it. {_ALL_NAMES}")
    near = dict.fromkeys(_HEADERS[each] for each in nearest(name, _HEADERS, most=3))
    likely = " or ".join(nearest(name, COLUMNS[column])[0] for column in near)
    hint = f"Did you mean {likely}? Else remove it." if near else f"Remove it, or call it {_NAMES_OF_EXPORTS}."
    raise SpreadsheetError(f"the column {name[:40]!r} is not known", where=where, hint=f"{hint} {_ALL_NAMES}")


_NO_NEED = ("subscribed", "unsubscribed", "reason")
_NAMES_OF_EXPORTS = ", ".join(names[0] for column, names in COLUMNS.items() if column not in _NO_NEED)
_ALL_NAMES = "All names: mailer subscribers import --help"
