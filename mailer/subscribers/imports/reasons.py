"""The reasons why a line is refused or left out, kept by id and values so that any language can say them later."""

import json
from functools import lru_cache
from typing import Any

from mailer.catalogue.message import as_json
from mailer.catalogue.stored import from_stored, to_stored


def pack(reason: str) -> str:
    """Return a reason as a temporary table holds it."""
    return json.dumps(to_stored(reason)) if reason else ""


@lru_cache(maxsize=1_000)
def unpack(packed: str) -> str:
    """Return the reason that `pack` was given; many lines have the same. Raises `TypeError` for other JSON."""
    reason = from_stored(json.loads(packed)) if packed else ""
    if not isinstance(reason, str):
        raise TypeError(packed)
    return reason


def reason_as_json(reason: str) -> dict[str, Any]:
    """Return id and values of a reason, which stand beside its English text in JSON; none of any other text."""
    return {f"reason_{key}": value for key, value in as_json(message=reason, hint="").items()}
