"""The settings in force and where each was set, for `mailer config show` and the documentation."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from mailer.config.environment import variable_name
from mailer.config.settings import SECTIONS, Settings
from mailer.config.values import OnlyHostShown, allowed

MASK = "••••••"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingEntry:
    """One key: its value as JSON can hold it, secrets masked; where that was set; what it means and may hold."""

    section: str
    key: str
    value: Any
    origin: str
    meaning: str
    allowed: str
    variable: str


def overview(settings: Settings) -> Iterator[SettingEntry]:
    """Give every key in the order of config.toml."""
    for section, model in SECTIONS.items():
        for key, field in model.model_fields.items():
            yield SettingEntry(
                section=section,
                key=key,
                value=_shown(getattr(getattr(settings, section), key), field, settings.folder),
                origin=settings.origin(section, key),
                meaning=field.description or "",
                allowed=allowed(field),
                variable=variable_name(section, key),
            )


def _shown(value: Any, field: FieldInfo, folder: Path) -> Any:
    match value:
        case str() if value and any(isinstance(each, OnlyHostShown) for each in field.metadata):
            return f"https://{urlsplit(value).hostname}/{MASK}"
        case SecretStr():
            return MASK if value.get_secret_value() else ""
        case Path():
            return (value.relative_to(folder) if value.is_relative_to(folder) else value).as_posix()
        case tuple():
            return list(value)
        case str() if "://" in value:
            return _without_password(value)
        case _:
            return value


def _without_password(url: str) -> str:
    """Mask the password of a database's address, also one in its query."""
    masked = re.sub(r"([?&]password=)[^&]*", rf"\1{MASK}", url)
    password = urlsplit(url).password
    return masked.replace(f":{password}@", f":{MASK}@", 1) if password else masked
