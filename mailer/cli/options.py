"""Options and arguments that several commands share, and the services of the workspace they run in."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailer.catalogue import msg
from mailer.cli.json_errors import remember_json
from mailer.cli.language import speak
from mailer.cli.output import note
from mailer.errors import MailerError, UsageError
from mailer.languages import LANGS, Lang, find_lang

if TYPE_CHECKING:
    from mailer.bootstrap import Services
    from mailer.current_services import CurrentServices


@contextmanager
def services(context: typer.Context) -> Iterator["Services"]:
    """Give the services of the workspace that the command runs in, and close them after it."""
    from mailer.bootstrap import build_services

    built = build_services(context.find_root().obj, announce=note)
    speak(built.interface_lang)
    try:
        yield built
    finally:
        built.close()


@contextmanager
def current_services(context: typer.Context) -> Iterator["CurrentServices"]:
    """Give the services as they are at any moment, for a command that goes on while files are saved."""
    from mailer.bootstrap import build_services
    from mailer.current_services import CurrentServices

    current = CurrentServices(partial(build_services, context.find_root().obj, announce=note))
    speak(current().interface_lang)
    try:
        yield current
    finally:
        current.close()


def _complete_issues(context: typer.Context, incomplete: str) -> list[str]:
    from mailer.issue.source import issue_slugs

    return _matching(context, incomplete, lambda workspace: issue_slugs(workspace.settings.paths.issues))


def _complete_lists(context: typer.Context, incomplete: str) -> list[str]:
    return _matching(context, incomplete, lambda workspace: workspace.register.slugs)


def _matching(context: typer.Context, incomplete: str, slugs: "Callable[[Services], Iterable[str]]") -> list[str]:
    """Return nothing where the workspace cannot be read: a shell has no room for errors."""
    from mailer.errors import MailerError

    # While the shell completes, no callback runs: what --config says stands among the parameters only.
    root = context.find_root()
    root.obj = root.params.get("config_file")
    try:
        with services(context) as workspace:
            return [slug for slug in slugs(workspace) if slug.startswith(incomplete)]
    except MailerError:
        return []


def today() -> date:
    """The day as the editor's own calendar has it: issues are dated by it, and deadlines fall on it."""
    return datetime.now().astimezone().date()


Slug = Annotated[
    str, typer.Argument(metavar="SLUG", help="The issue, such as 2023-12.", autocompletion=_complete_issues)
]
OptionalSlug = Annotated[
    str, typer.Argument(metavar="[SLUG]", help="The issue; all when left out.", autocompletion=_complete_issues)
]


def one_list(given: list[str] | None) -> str:
    """The list that a command was given, or nothing; of two, the first would be forgotten without a word."""
    if given and len(given) > 1:
        raise UsageError(msg("register.several-lists", number=len(given)), hint=msg("register.takes-one-list"))
    return given[0] if given else ""


def _several_lists(help_: str) -> Any:
    return typer.Option("--list", metavar="LIST", help=help_, autocompletion=_complete_lists)


OneList = Annotated[list[str] | None, _several_lists("A list's slug, as in `mailer lists`.")]

ListNames = Annotated[list[str] | None, _several_lists("Only this list; may be given several times. Else all lists.")]
ReaderLists = Annotated[
    list[str] | None, _several_lists("As a reader of this list sees it; may be given several times.")
]
JoinedLists = Annotated[list[str] | None, _several_lists("A list to join; may be given several times.")]
Json = Annotated[
    bool,
    typer.Option("--json", help="Print JSON for tools instead of text for people.", callback=remember_json),
]


def current_folder() -> Path:
    """The folder the command was started in."""
    return Path.cwd()


def chosen_language(text: str) -> Lang | None:
    """Return the language of this code, None where none was asked for."""
    chosen = find_lang(text)
    if text and chosen is None:
        known = msg("register.known", names=", ".join(LANGS))
        raise MailerError(msg("register.no-such-language", name=repr(text)), where="--lang", hint=known)
    return chosen
