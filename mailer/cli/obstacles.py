"""Obstacles to sending: told where nothing is sent, and, for a copy of the database, asked about where it is."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from mailer.catalogue import msg
from mailer.cli.output import confirm, say
from mailer.errors import MailerError

if TYPE_CHECKING:
    from mailer.bootstrap import Services
    from mailer.usecases.refusals import Refused
    from mailer.usecases.state import Overrides

Answer = TypeVar("Answer")

OnlyHere = Annotated[
    bool, typer.Option("--only-here", help="Go on in this copy of the database: no other copy is sent from.")
]
OtherKeys = Annotated[
    bool,
    typer.Option("--other-keys", help="Sign with other keys, although links that were sent die with the old."),
]


def show_obstacles(services: "Services", slug: str = "") -> None:
    """Say why `mailer send` would refuse to begin; the command itself has done its work."""
    from mailer.usecases.state import find_obstacles

    for each in find_obstacles(services, slug):
        say()
        say(msg("sending.would-be-refused", where=each.error.where, why=each.error.what), "yellow")
        say(each.error.hint, "cyan")


def obstacles_as_json(services: "Services", slug: str = "") -> list[dict[str, Any]]:
    """Return the obstacles for tools."""
    from mailer.usecases.state import find_obstacles

    return [
        {
            "reason": each.reason,
            "message": str(each.error.what),
            "where": str(each.error.where),
            "hint": str(each.error.hint),
        }
        for each in find_obstacles(services, slug)
    ]


def asking_where(
    answer: "Callable[[Overrides], Answer | Refused]", allowed: "Overrides"
) -> "tuple[Answer | Refused, Overrides]":
    """Return the answer and what was allowed for it; in a copy of the database a person is asked first."""
    from dataclasses import replace

    from mailer.usecases.refusals import Reason, Refused

    found = answer(allowed)
    if not (isinstance(found, Refused) and found.reason is Reason.COPY and _is_only_here(found.error)):
        return found, allowed
    allowed = replace(allowed, only_here=True)
    return answer(allowed), allowed


def _is_only_here(error: MailerError) -> bool:
    """Ask whether this is the only copy that goes on; without an answer it is not."""
    say(error.what, "yellow")
    try:
        return confirm(msg("sending.really-only-here"))
    except typer.Abort:
        return False
