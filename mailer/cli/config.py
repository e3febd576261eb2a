"""`mailer config` and `mailer db`: the settings in force, and the database's version."""

from json import dumps
from typing import Any

import typer

from mailer.catalogue import msg
from mailer.cli.options import Json, services
from mailer.cli.output import say, show_json, show_table


def show(context: typer.Context, json: Json = False) -> None:
    """Show every setting, its value and where that comes from. Secrets are masked. Changes nothing.

    Example: `MAILER_SMTP__PORT=2525 mailer config show`
    """
    from mailer.config.overview import overview

    with services(context) as workspace:
        settings = workspace.settings
    entries = list(overview(settings))
    if json:
        rows = [{"section": e.section, "key": e.key, "value": e.value, "from": e.origin} for e in entries]
        show_json({"file": settings.file, "settings": rows})
        return
    say(str(settings.file), "bold")
    columns = (msg("settings.key"), msg("settings.value"), msg("settings.from"))
    show_table(columns, [(f"[{e.section}] {e.key}", _as_toml(e.value), e.origin) for e in entries])


def _as_toml(value: Any) -> str:
    """Write a value as config.toml would have it."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f'{name} = "{each}"' for name, each in value.items()) + " }" if value else ""
    return dumps(value, ensure_ascii=False) if isinstance(value, bool | list) else str(value)


def upgrade(context: typer.Context) -> None:
    """Bring the database's tables to this version. SQLite does so by itself; PostgreSQL waits for this command.

    Changes the database's tables; run it once, on one machine, while nobody sends. Example: `mailer db upgrade`
    """
    with services(context) as workspace:
        from mailer.usecases.upkeep import upgrade_database

        upgrade_database(workspace.settings)
        say(msg("settings.database-upgraded"), "green")


def recover(context: typer.Context) -> None:
    """Take in what a killed process left beside the SQLite file, where no backup was put back meanwhile.

    Other commands do so by themselves, unless the file looks like a backup that was copied beside the log (`-wal`) of
    another. Example: `mailer db recover`
    """
    with services(context) as workspace:
        from mailer.usecases.upkeep import recover_database

        if recover_database(workspace.settings):
            say(msg("settings.log-taken-in"), "green")
        else:
            say(msg("settings.no-log-left"))
