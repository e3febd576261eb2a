"""`mailer subscribers erase`: delete a person, and show the places that a person has to decide about."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.catalogue import Message, msg
from mailer.cli.import_progress import line_that_changes
from mailer.cli.language import in_words
from mailer.cli.options import Json, services
from mailer.cli.output import MOST_SHOWN, confirm, hint, note, say, show_json
from mailer.cli.person import AddressArgument

if TYPE_CHECKING:
    from mailer.subscribers.rights.erasing import Erased
    from mailer.subscribers.rights.leftovers import NotSearched
    from mailer.subscribers.rights.mentions import Place

WHY_UNREAD: "Mapping[str, Callable[[], Message]]" = {
    "unreadable": partial(msg, "register.unread-unreadable"),
    "damaged": partial(msg, "register.unread-damaged"),
    "too_big": partial(msg, "register.unread-too-big"),
    "encrypted": partial(msg, "register.unread-encrypted"),
    "packed": partial(msg, "register.unread-packed"),
    "link": partial(msg, "register.unread-link"),
    "programs": partial(msg, "register.unread-programs"),
}
_PUBLISHED = {"edition", "edition_form", "variant", "mailing.subject"}
_IN_TABLES: "Mapping[str, Callable[[], Message]]" = {
    "subscriber": partial(msg, "register.place-subscriber"),
    "consent": partial(msg, "register.place-consent"),
    "subscriber_event": partial(msg, "register.place-history"),
    "suppression": partial(msg, "register.place-suppression"),
    "import_run": partial(msg, "register.place-import"),
    "delivery": partial(msg, "register.place-answer"),
    "attempt": partial(msg, "register.place-answer"),
    "mailing": partial(msg, "register.place-mailing"),
}


def erase(
    context: typer.Context,
    address: AddressArgument,
    also: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TEXT", help="Words that go wherever they stand, too: the name. May be given several times."
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go and what would be left.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")] = False,
    json: Json = False,
) -> None:
    """Delete everything about a person for good (GDPR art. 17). Only a keyed hash stays, which keeps them out.

    Rewrites the database, searches its files, and names the workspace's files that still hold the address.

    Example: `mailer subscribers erase kari@kommune.example`
    """
    from mailer.subscribers.rights.erasing import erase as erase_person

    if not (yes or dry_run or confirm(msg("register.really-erase", address=address))):
        raise typer.Abort
    with services(context) as workspace, _showing_files() as on_file:
        folder = workspace.settings.folder
        store = workspace.subscribers
        done = erase_person(store, address, workspace=folder, also=also or (), dry_run=dry_run, on_file=on_file)
    if json:
        places = {"kept": _with_words(done.kept), "named": _with_words(done.named)}
        show_json(asdict(done) | places)
        return
    _show_erased(address, done)


@contextmanager
def _showing_files() -> Iterator[Callable[[int], None]]:
    """Give the function that is told how many files have been searched: it shows so once in a while."""
    with line_that_changes() as (tell, seconds_between):
        shown = time.monotonic()

        def show(number: int) -> None:
            nonlocal shown
            if time.monotonic() - shown >= seconds_between:
                shown = time.monotonic()
                tell(in_words(msg("register.searched-so-far", count=number)))

        yield show


def _with_words(places: "Sequence[Place]") -> list[dict[str, str]]:
    return [asdict(each) | {"what": str(_what(each))} for each in places]


def _show_erased(address: str, done: "Erased") -> None:
    say(_outcome(address, done), "green")
    say(msg("register.deliveries-kept", count=done.deliveries))
    say(msg("register.mentions-replaced", count=done.mentions))
    if done.applied:
        _show_remains(address, done)
    if done.kept:
        say(msg("register.published-with-it"), "yellow")
        _show_places(done.kept)
    if done.named:
        say(msg("register.name-stands-in"), "yellow")
        _show_places(done.named)
        if any(not _is_published(each) for each in done.named):
            hint(msg("register.to-replace-the-name", address=address))
    _show_files(done)
    note(msg("register.backups-hold-it"))


def _outcome(address: str, done: "Erased") -> Message:
    if not done.was_subscriber:
        return msg("register.was-no-subscriber" if done.applied else "register.is-no-subscriber", address=address)
    return msg("register.is-erased" if done.applied else "register.would-be-erased", address=address)


def _show_remains(address: str, done: "Erased") -> None:
    if not done.is_rewritten:
        say(msg("register.not-rewritten"), "yellow")
        hint(msg("register.stop-then-erase", address=address))
    elif done.is_scrubbed:
        say(msg("register.no-byte-left" if done.is_searched else "register.server-rewritten"))
    for file in done.remains_in:
        say(msg("register.bytes-remain", file=file), "yellow")


def _show_places(places: "Sequence[Place]") -> None:
    for each in places[:MOST_SHOWN]:
        where = f"{each.table}.{each.column}"
        say(msg("register.place", where=where, row=each.row, what=_what(each)), "yellow", label="  ")
    if len(places) > MOST_SHOWN:
        say(msg("register.and-more", number=len(places) - MOST_SHOWN), "yellow")


def _what(place: "Place") -> Message:
    """Say what a place is, and how it can be changed."""
    if _is_published(place):
        return msg("register.place-published")
    return _IN_TABLES.get(place.table, partial(msg, "register.place-text"))()


def _is_published(place: "Place") -> bool:
    return bool({place.table, f"{place.table}.{place.column}"} & _PUBLISHED)


def _show_files(done: "Erased") -> None:
    if done.files:
        say(msg("register.files-that-hold-it"), "yellow")
    for file in done.files:
        say(str(file), "yellow", label="  ")
    if done.unread:
        say(msg("register.not-looked-into", count=len(done.unread)), "yellow")
    _show_unread(done.unread[:MOST_SHOWN])
    say(msg("register.files-without-it", count=done.files_without))


def _show_unread(unread: "Sequence[NotSearched]") -> None:
    for each in unread:
        say(msg("register.unread", file=each.path, why=WHY_UNREAD[each.why]()), "yellow", label="  ")
