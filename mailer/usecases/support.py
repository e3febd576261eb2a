"""Making a report for those who help: the versions, settings, figures and decisions, with nothing of any person."""

import json
import platform
import re
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC
from importlib.metadata import distributions, version
from pathlib import Path
from typing import Any

from mailer.catalogue import msg
from mailer.config.overview import MASK, overview
from mailer.database.migrate import HEAD
from mailer.database.migrate import version as read_revision
from mailer.errors import MailerError
from mailer.log_lines import without_addresses
from mailer.private import write_new
from mailer.usecases.backing_up import free_name
from mailer.usecases.metrics import compose_metrics
from mailer.usecases.needs import SupportServices

DECISIONS_AT_MOST = 200
_STAMP = "%Y%m%dT%H%M%SZ"
_BEHIND_HOST = re.compile(r"(?<=://)([^/\s?#]+)[/?#]\S*")  # the way of a webhook is its password
_AT_HOME = re.compile(r"(?<![\w.])/(?:home|Users)/[^/\s\"]+|(?i:[a-z]:\\+users\\+)[^\\\s\"]+")


def compose_report(services: SupportServices) -> str:
    """Return the report as JSON: what cannot be read stands in it with the reason.

    It has no secret, no address, and no name: neither of a subscriber nor of who runs mailer.
    """
    report = {
        "made_at": services.clock().astimezone(UTC).isoformat(timespec="seconds"),
        "mailer": version("helsefellesskap-mailer"),
        "system": _system(),
        "packages": {each.name: each.version for each in sorted(distributions(), key=lambda each: each.name.lower())},
        "settings": {
            f"{each.section}.{each.key}": [MASK if each.key == "username" and each.value else each.value, each.origin]
            for each in overview(services.settings)
        },
        "database": _read(lambda: _database(services)),
        "figures": _read(lambda: compose_metrics(services).splitlines()),
        "decisions": _read(lambda: _decisions(services)),
    }
    return json.dumps(cleaned(report), ensure_ascii=False, indent=1) + "\n"


def write_report(services: SupportServices, file: Path | None) -> Path:
    """Write the report into a new file for the user alone, and return its name; raises `MailerError`, `OSError`."""
    if file is None:
        file = free_name(Path(f"mailer-support-{services.clock().astimezone(UTC):{_STAMP}}.json"))
    report = compose_report(services).encode()
    try:
        write_new(file, report)
    except FileExistsError as error:
        raise MailerError(msg("backup.file-is-there"), where=str(file), hint=msg("backup.name-a-new-one")) from error
    return file


def _system() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "release": platform.release(),
        "machine": platform.machine(),
    }


def _read(part: Callable[[], Any]) -> Any:
    try:
        return part()
    except MailerError as error:
        return {"error": str(error)}


def _database(services: SupportServices) -> dict[str, Any]:
    with services.database.reading() as connection:
        return {
            "kind": connection.dialect.name,
            "version": connection.dialect.server_version_info,
            "revision": read_revision(connection),
            "revision_of_this_version": HEAD,
        }


def _decisions(services: SupportServices) -> list[dict[str, Any]]:
    """Return the latest, without the actor and the reason, which are people's words."""
    found = services.ledger.log(slug=None, since=None)[-DECISIONS_AT_MOST:]
    left_out = {"actor", "reason"}
    return [{key: value for key, value in asdict(each).items() if key not in left_out} for each in found]


def cleaned(value: Any) -> Any:
    """Return a value of JSON without addresses and without the names of folders of people."""
    match value:
        case dict():
            return {cleaned(name): cleaned(each) for name, each in value.items()}
        case list() | tuple():
            return [cleaned(each) for each in value]
        case bool() | int() | float() | None:
            return value
        case _:
            return _AT_HOME.sub("~", _BEHIND_HOST.sub(r"\1/…", without_addresses(str(value))))
