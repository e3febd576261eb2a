"""`mailer config` and `mailer db`: what is in force, and the database's version."""

import re
from collections.abc import Iterator
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from mailer.cli.options import Json, services
from mailer.cli.output import say, show_json, show_table

if TYPE_CHECKING:
    from mailer.config.settings import Settings

config = typer.Typer(no_args_is_help=True, help="The settings in force.")
db = typer.Typer(no_args_is_help=True, help="The database.")


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.add_typer(config, name="config")
    app.add_typer(db, name="db")


@config.command("show")
def show(context: typer.Context, json: Json = False) -> None:
    """Show every setting, its value and where that comes from. Secrets are masked. Changes nothing.

    Example: `MAILER_SMTP__PORT=2525 mailer config show`
    """
    with services(context) as workspace:
        rows = list(_rows(workspace.settings))
        if json:
            keys = ("section", "key", "value", "from")
            show_json(
                {"file": workspace.settings.file, "settings": [dict(zip(keys, row, strict=True)) for row in rows]}
            )
            return
        say(str(workspace.settings.file), "bold")
        show_table(
            ["Key", "Value", "From"], [(f"[{section}] {key}", value, came) for section, key, value, came in rows]
        )


def _rows(settings: "Settings") -> Iterator[tuple[str, str, Any, str]]:
    from mailer.config.settings import SECTIONS

    for section, model in SECTIONS.items():
        for key in model.model_fields:
            value = getattr(getattr(settings, section), key)
            yield section, key, _masked(section, key, value, settings.folder), settings.origin(section, key)


def _masked(section: str, key: str, value: Any, folder: Path) -> Any:
    """Show a secret as asterisks and anything else as JSON can hold it."""
    from pydantic import SecretStr

    if isinstance(value, SecretStr):
        return "********" if value.get_secret_value() else ""
    if (section, key) == ("database", "url"):
        return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:********@", value)
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Path):
        return str(value.relative_to(folder)) if value.is_relative_to(folder) else str(value)
    return value if isinstance(value, int | dict) else str(value)


def _as_toml(value: Any) -> str:
    """Write a value as config.toml would have it."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f'{name} = "{each}"' for name, each in value.items()) + " }" if value else ""
    return dumps(value, ensure_ascii=False) if isinstance(value, bool | list) else str(value)


@db.command("upgrade")
def upgrade(context: typer.Context) -> None:
    """Bring the database's tables to this version. SQLite does so by itself; PostgreSQL waits for this command.

    Changes the database's tables; run it once, on one machine, while nobody sends. Example: `mailer db upgrade`
    """
    with services(context) as workspace:
        from mailer.database.engine import open_database

        open_database(workspace.settings.database.url, upgrade=True).close()
        say("The database is up to date.", "green")
