"""Settings from the environment: MAILER_<SECTION>__<KEY>, converted from text to what the key holds."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_origin

from pydantic.fields import FieldInfo

from mailer.catalogue import msg
from mailer.config.errors import ConfigError
from mailer.config.settings import SECTIONS
from mailer.nearest import did_you_mean

PREFIX = "MAILER_"
OWN_NAMES = ("MAILER_CONFIG", "MAILER_SECRET_KEYS", "MAILER_SUPPRESSION_KEY")
TEST_PREFIX = "MAILER_TEST_"
WHOLE_NUMBER = re.compile(r"\s*-?[0-9]{1,18}\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One override. Its text may be a secret and stays out of every message."""

    section: str
    key: str
    value: Any


def variable_name(section: str, key: str) -> str:
    """Name the environment variable of a key."""
    return f"{PREFIX}{section}__{key}".upper()


def read_environment(environ: Mapping[str, str]) -> list[Variable]:
    """Take the overrides out of an environment. Raises `ConfigError` for a MAILER_ name that means nothing."""
    known = {
        variable_name(section, key): (section, key, field)
        for section, model in SECTIONS.items()
        for key, field in model.model_fields.items()
    }
    variables = []
    for name, text in environ.items():
        upper = name.upper()
        if upper in known:
            section, key, field = known[upper]
            variables.append(Variable(section=section, key=key, value=_convert(text, field)))
        elif _is_unknown(upper):
            raise _unknown(name, [*known, *OWN_NAMES])
    return variables


def _is_unknown(name: str) -> bool:
    return name.startswith(PREFIX) and name not in OWN_NAMES and not name.startswith(TEST_PREFIX)


def _unknown(name: str, known: list[str]) -> ConfigError:
    words = name.upper().removeprefix(PREFIX)
    near = did_you_mean(words, (each.removeprefix(PREFIX) for each in known), write=f"{PREFIX}{{}}")
    return ConfigError(
        msg("settings.no-such-setting"),
        where=msg("settings.environment-variable", name=name),
        hint=near or msg("settings.see-all"),
    )


def _convert(text: str, field: FieldInfo) -> Any:
    """Turn text into the kind of value the key holds; other text stays as it is and is refused later."""
    kind = get_origin(field.annotation) or field.annotation
    if kind is int:
        return int(text) if WHOLE_NUMBER.fullmatch(text) else text
    if kind is bool:
        return {"true": True, "1": True, "false": False, "0": False}.get(text.strip().lower(), text)
    if kind is dict or (kind is tuple and text.lstrip().startswith("[")):
        return _json(text)
    if kind is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
