"""Words for the statuses that a mail server's log gives a message; people and tools find its own word in the log."""

import re
from collections.abc import Callable, Mapping
from functools import partial

from mailer.catalogue import Message, msg
from mailer.cli.language import in_words

_STATUSES: Mapping[str, Callable[[], Message]] = {
    "sent": partial(msg, "sending.relay-sent"),
    "discarded": partial(msg, "sending.relay-discarded"),
    "bounced": partial(msg, "sending.relay-bounced"),
    "deferred": partial(msg, "sending.relay-deferred"),
    "expired": partial(msg, "sending.relay-expired"),
    "forceexpired": partial(msg, "sending.relay-force-expired"),
    "queued": partial(msg, "sending.relay-queued"),
    "delivered": partial(msg, "sending.relay-delivered"),
    "failed": partial(msg, "sending.relay-failed"),
    "pending": partial(msg, "sending.relay-pending"),
    "expanded": partial(msg, "sending.relay-expanded"),
    "quarantined": partial(msg, "sending.relay-quarantined"),
    "filteredasspam": partial(msg, "sending.relay-spam"),
    "gettingstatus": partial(msg, "sending.relay-unknown-yet"),
    "resolved": partial(msg, "sending.relay-resolved"),
}


def relay_status(status: str) -> Message:
    """Return the word for a status, and one that has none as the log says it."""
    known = _STATUSES.get(re.sub("[^a-z]", "", status.casefold()))
    return known() if known else msg("sending.relay-other", status=status)


def relay_news(status: str, words: str) -> str:
    """Return the word for a status, and what the log says with it."""
    return f"{in_words(relay_status(status))} {words}".strip()


def outcomes_in_words(outcomes: Mapping[str, int]) -> str:
    """Return how many messages came to what, by the log."""
    counts = (msg("sending.relay-count", number=many, status=relay_status(each)) for each, many in outcomes.items())
    return ", ".join(map(in_words, counts))
