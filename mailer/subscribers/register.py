"""The register of lists: read from the workspace's TOML files, kept in step in the database."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailer.catalogue import Message, msg
from mailer.catalogue.recognising import recognise
from mailer.errors import MailerError
from mailer.languages import DEFAULT_LANG, LANGS, Lang, find_lang
from mailer.nearest import mistyped, nearest
from mailer.subscribers.facts.words import shown
from mailer.subscribers.model import ALL_LISTS, ListKind, Region, Register, SubscriberList

if TYPE_CHECKING:
    from mailer.database.engine import Database

# Where something is wrong in a file, as `tomllib` says it behind what is wrong.
TOML_PLACES = ("people.toml-at-end", "people.toml-at-line")

HELSEFELLESSKAP_FILE = "helsefellesskap.toml"
OWN_LISTS_FILE = "own-lists.toml"

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LONGEST_SLUG, _LONGEST_REGION = 64, 16
_REGION_KEYS = tuple(each.name for each in fields(Region))
_LIST_KEYS = tuple(each.name for each in fields(SubscriberList) if each.name not in {"kind", "position"})

# Any number that no other program takes an advisory lock with on this database.
_SYNCING_LOCK = 7_426_910_355

_Entries = list[tuple[str, dict[str, Any]]]  # each table with its file and line
_Tables = dict[str, _Entries]


class RegisterError(MailerError):
    """A file of the register says something that cannot be used."""


def read_register(folder: Path) -> Register:
    """Read the lists of a workspace's `subscribers` folder; own lists are optional. Raises `RegisterError`."""
    areas = _read_toml(folder / HELSEFELLESSKAP_FILE, tables=("region", "helsefellesskap"))
    own = _read_toml(folder / OWN_LISTS_FILE, tables=("list",)) if (folder / OWN_LISTS_FILE).exists() else {}
    regions = tuple(_read_regions(areas.get("region", [])))
    lists = (
        *_read_lists(areas.get("helsefellesskap", []), ListKind.HELSEFELLESSKAP),
        *_read_lists(own.get("list", []), ListKind.OWN),
    )
    register = Register(
        regions=regions,
        lists=tuple(replace(each, position=position) for position, each in enumerate(lists)),
    )
    _check_register(register, folder)
    return register


def list_names(register: Register) -> Mapping[str, SubscriberList]:
    """Return every word a file or a person may use for a list, casefolded: slug, short, names and aliases."""
    return {name.casefold(): each for each in register.lists for name in _names(each)}


def require_list(register: Register, name: str) -> SubscriberList:
    """The list that a person calls so; raises `MailerError` that names the nearest."""
    found = list_names(register).get(name.casefold())
    if found is None:
        raise MailerError(msg("people.no-such-list", list=shown(name)), hint=nearest_list(register, name))
    return found


def nearest_list(register: Register, name: str) -> Message:
    """Return a hint for an unknown list: the slug nearest to `name`, or where all of them are shown."""
    near = near_list(register, name)
    return msg("people.did-you-mean", name=near.slug) if near else msg("people.all-lists")


def near_or(name: str, known: Iterable[str], otherwise: Message) -> Message:
    """Return a hint for an unknown name: the nearest known one, or `otherwise`."""
    near = nearest(name, known)
    return msg("people.did-you-mean", name=near[0]) if near else otherwise


def near_list(register: Register, name: str) -> SubscriberList | None:
    """The list whose name somebody mistyped as `name`, if there is one."""
    names = list_names(register)
    return names.get(mistyped(name, names))


def sync_lists(database: "Database", register: Register, *, now: datetime) -> None:
    """Make the database's lists those of the register; lists that have left the register stay, with their history.

    A list that was merged into another and comes back into the register is a list of its own again.
    """
    from sqlalchemy import select, text  # noqa: PLC0415 who only reads the register should not wait for a database

    from mailer.database.tables import list_  # noqa: PLC0415 the same

    wanted = {each.slug: _row(each) for each in register.lists}
    stored = _stored_lists(database)
    if stored | wanted == stored:
        return
    with database.writing() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _SYNCING_LOCK})
        found = {row.slug for row in connection.execute(select(list_.c.slug))}
        for slug, row in wanted.items():
            if slug in found:
                connection.execute(list_.update().where(list_.c.slug == slug).values(row))
            else:
                connection.execute(list_.insert().values(row | {"created_at": now}))


def _stored_lists(database: "Database") -> dict[str, dict[str, Any]]:
    from sqlalchemy import select  # noqa: PLC0415 who only reads the register should not wait for a database

    from mailer.database.tables import list_  # noqa: PLC0415 the same

    with database.reading() as connection:
        columns = [each for each in list_.c if each.name not in {"id", "created_at"}]
        return {row["slug"]: dict(row) for row in connection.execute(select(*columns)).mappings()}


def _row(each: SubscriberList) -> dict[str, Any]:
    return {
        "slug": each.slug,
        "kind": each.kind.value,
        "position": each.position,
        "name_nb": each.name_nb,
        "name_nn": each.name_nn,
        "short": each.short,
        "region": each.region,
        "merged_into_id": None,
    }


def _read_toml(file: Path, *, tables: tuple[str, ...]) -> _Tables:
    try:
        text = file.read_text("utf-8")
        content = tomllib.loads(text)
    except FileNotFoundError as error:
        hint = msg("people.register-missing-hint")
        raise RegisterError(msg("people.register-missing"), where=str(file), hint=hint) from error
    except UnicodeDecodeError as error:
        hint = msg("people.save-as-utf8")
        raise RegisterError(msg("people.no-utf8"), where=str(file), hint=hint) from error
    except tomllib.TOMLDecodeError as error:
        what = msg("people.no-toml", reason=recognise(str(error), TOML_PLACES))
        raise RegisterError(what, where=str(file), hint=msg("people.write-register-toml")) from error
    _refuse_unknown(content, tables, str(file))
    for name, entries in content.items():
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            hint = msg("people.begin-with-heading", table=name)
            raise RegisterError(msg("people.written-as-table", table=name), where=str(file), hint=hint)
    return {name: _placed(entries, text, name, file) for name, entries in content.items()}


def _placed(entries: Sequence[dict[str, Any]], text: str, table: str, file: Path) -> _Entries:
    """Return each [[table]] with its file and line, or the file alone where the headings cannot be told for sure."""
    heading = re.compile(rf"\s*\[\[\s*(?:{table}|\"{table}\"|'{table}')\s*\]\]")
    lines = [number for number, line in enumerate(text.split("\n"), 1) if heading.match(line)]
    if len(lines) != len(entries):
        return [(str(file), entry) for entry in entries]
    return [(f"{file}:{lines[nth]}", entry) for nth, entry in enumerate(entries)]


def _read_regions(entries: _Entries) -> Iterator[Region]:
    for where, entry in entries:
        _refuse_unknown(entry, _REGION_KEYS, where)
        region = Region(**{key: _string(entry, key, where) for key in _REGION_KEYS})
        _check_slug(region.slug, where, longest=_LONGEST_REGION)
        yield region


def _read_lists(entries: _Entries, kind: ListKind) -> Iterator[SubscriberList]:
    for place, entry in entries:
        where = _place_of(entry, place)
        _refuse_unknown(entry, _LIST_KEYS, where)
        yield _read_list(entry, where, kind)


def _place_of(entry: dict[str, Any], place: str) -> Message:
    if "slug" in entry:
        return msg("people.place-of-list", place=place, list=str(entry["slug"]))
    return msg("people.place-without-slug", place=place)


def _read_list(entry: dict[str, Any], where: str, kind: ListKind) -> SubscriberList:
    short = _string(entry, "short", where)
    slug = _string(entry, "slug", where)
    _check_slug(slug, where, longest=_LONGEST_SLUG)
    found = SubscriberList(
        slug=slug,
        kind=kind,
        short=short,
        name_nb=_string(entry, "name_nb", where, default=short),
        name_nn=_string(entry, "name_nn", where, default=short),
        position=0,
        region=_string(entry, "region", where, default=""),
        place_se=_string(entry, "place_se", where, default=""),
        helseforetak=_string(entry, "helseforetak", where, default=""),
        lang=_lang(entry, where),
        aliases=_aliases(entry, where),
    )
    if ALL_LISTS in {name.casefold() for name in _names(found)}:
        what = msg("people.list-called-all", name=ALL_LISTS)
        raise RegisterError(what, where=where, hint=msg("people.list-called-all-hint"))
    return found


def _check_slug(slug: str, where: str, *, longest: int) -> None:
    """Refuse a slug with other signs, or one longer than the database holds."""
    if not _SLUG.fullmatch(slug) or len(slug) > longest:
        what = msg("people.odd-slug", slug=shown(slug), longest=longest)
        raise RegisterError(what, where=where, hint=msg("people.simpler-slug"))


def _string(entry: dict[str, Any], key: str, where: str, *, default: str | None = None) -> str:
    value = entry.get(key, default)
    if value is None:
        raise RegisterError(msg("people.key-missing", key=key), where=where, hint=msg("people.add-key", key=key))
    if not isinstance(value, str):
        hint = msg("people.write-as-text", key=key)
        raise RegisterError(msg("people.key-no-text", key=key), where=where, hint=hint)
    return value


def _lang(entry: dict[str, Any], where: str) -> Lang:
    if lang := find_lang(entry.get("lang", DEFAULT_LANG)):
        return lang
    hint = msg("people.write-lang", lang=DEFAULT_LANG)
    raise RegisterError(msg("people.odd-lang", langs=", ".join(LANGS)), where=where, hint=hint)


def _aliases(entry: dict[str, Any], where: str) -> tuple[str, ...]:
    aliases = entry.get("aliases", [])
    if not isinstance(aliases, list) or not all(isinstance(each, str) for each in aliases):
        raise RegisterError(msg("people.odd-aliases"), where=where, hint=msg("people.write-aliases"))
    return tuple(aliases)


def _refuse_unknown(entry: dict[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in entry:
        if key not in known:
            hint = near_or(key, known, msg("people.known-keys", keys=", ".join(known)))
            raise RegisterError(msg("people.no-such-key", key=key), where=where, hint=hint)


def _check_register(register: Register, folder: Path) -> None:
    regions = {each.slug for each in register.regions}
    owners: dict[str, SubscriberList] = {}
    for each in register.lists:
        if each.region and each.region not in regions:
            what = msg("people.no-such-region", list=each.slug, region=shown(each.region))
            hint = near_or(each.region, regions, msg("people.add-region"))
            raise RegisterError(what, where=str(folder), hint=hint)
        for name in {name.casefold() for name in _names(each)}:
            if (owner := owners.setdefault(name, each)) is not each:
                what = msg("people.same-name", one=owner.slug, other=each.slug, name=shown(name))
                raise RegisterError(what, where=str(folder), hint=msg("people.give-another-name"))


def _names(each: SubscriberList) -> tuple[str, ...]:
    return (each.slug, each.short, each.name_nb, each.name_nn, *each.aliases)
