"""Names of the fields of a person, as messages call them."""

from collections.abc import Callable, Mapping
from functools import partial

from mailer.catalogue import Message, msg

_NAMES: Mapping[str, Callable[[], Message]] = {
    "address": partial(msg, "people.field-address"),
    "name": partial(msg, "people.field-name"),
    "given": partial(msg, "people.field-given"),
    "family": partial(msg, "people.field-family"),
    "list": partial(msg, "people.field-list"),
    "lang": partial(msg, "people.field-lang"),
    "role": partial(msg, "people.field-role"),
    "organisation": partial(msg, "people.field-organisation"),
    "source": partial(msg, "people.field-source"),
    "basis": partial(msg, "people.field-basis"),
    "status": partial(msg, "people.field-status"),
    "subscribed": partial(msg, "people.field-subscribed"),
    "unsubscribed": partial(msg, "people.field-unsubscribed"),
    "reason": partial(msg, "people.field-reason"),
}


def name_of_field(field: str) -> Message:
    """Return the name of a field, which is that of the column of a file that holds it."""
    return _NAMES[field]()
