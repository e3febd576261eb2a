"""The words of files for a status: our own four, and those of people and of other systems.

Nothing is guessed: an unknown word is refused, since it may mean that a person wants no mail.
"""

import re
from collections.abc import Mapping

from mailer.catalogue import msg
from mailer.errors import MailerError
from mailer.subscribers.facts.fields import name_of_field
from mailer.subscribers.facts.words import shown
from mailer.subscribers.model import SubscriptionStatus

# What each may be called beside its own name, the strictest last; the first few are shown where a word is refused.
STATUS_WORDS: Mapping[SubscriptionStatus, tuple[str, ...]] = {
    SubscriptionStatus.ACTIVE: (
        "aktiv", "påmeldt", "subscribed", "påmeld", "abonnent", "abonnerer", "bekreftet", "stadfesta", "confirmed",
        "enabled", "abonnerar", "meldt på", "meld på", "på", "på lista", "på listen",
    ),
    SubscriptionStatus.PENDING: (
        "på vent", "ubekreftet", "unconfirmed", "venter", "ventar", "ikke bekreftet", "ikkje stadfesta", "ustadfesta",
        "not confirmed",
    ),
    SubscriptionStatus.UNSUBSCRIBED: (
        "avmeldt", "utmeldt", "opted out", "avmeld", "utmeld", "meldt av", "meld av", "har meldt seg av", "oppsagt",
        "opted-out", "opted_out", "opt-out", "opt out", "optout", "unsubscribe", "left", "inaktiv", "inactive",
        "avmelding", "har meldt seg ut", "har meldt seg av lista", "ikke aktiv", "ikkje aktiv", "av", "sluttet",
        "slutta", "avsluttet", "avslutta", "fjernet", "fjerna", "removed", "unsub", "cancelled", "canceled",
        "not subscribed", "ikke abonnent", "ikkje abonnent", "vil ikke ha", "vil ikkje ha", "nei takk",
    ),
    SubscriptionStatus.SUPPRESSED: (
        "sperret", "reservert", "blocklisted", "bounced", "cleaned", "complained", "sperra", "blokkert", "blokkera",
        "svartelistet", "blacklisted", "blocked", "banned", "disabled", "deaktivert", "slettet", "sletta", "deleted",
        "bounce", "hard bounce", "hardbounce", "hard_bounce", "invalid", "ugyldig", "complaint", "spam", "abuse",
        "klage", "do not contact", "donotcontact",
        "svartelista", "reservert seg", "har reservert seg", "suppress", "retur", "i retur", "ugyldig adresse",
        "ugyldig e-post", "ikke kontakt", "ikkje kontakt", "søppelpost",
    ),
}  # fmt: skip
OPT_OUTS = (SubscriptionStatus.UNSUBSCRIBED, SubscriptionStatus.SUPPRESSED)

_MEANS = {each.value: each for each in SubscriptionStatus} | {
    word: status for status, words in STATUS_WORDS.items() for word in words
}
_YES = {"yes", "ja", "true", "sann", "y", "j", "x", "1"}
_NO = {"no", "nei", "false", "usann", "n", "0"}
# Of being subscribed alone: below "avmeldt" an "av" may well mean that somebody has left.
_ON, _OFF = {"på", "til", "on"}, {"av", "fra", "frå", "off"}
_MOMENT = re.compile(r"\d{1,4}[-./] ?\d{1,2}[-./] ?\d{1,4}(?!\d).*|\d{1,2}\. ?[^\W\d]+\.? \d{4}(?!\d).*")
_NO_DAY = re.compile(r"0+[-./] ?0+[-./] ?0+(?!\d)")
_STRICTNESS = {status: number for number, status in enumerate(STATUS_WORDS)}


class StatusError(MailerError):
    """A status that is not understood."""


def parse_status(status: str = "", subscribed: str = "", unsubscribed: str = "") -> tuple[SubscriptionStatus, str]:
    """Return the status that the cells of a line come to, and the word for it that the file has.

    `status` holds a word, `subscribed` yes or no, `unsubscribed` yes, no or the day. Where several are given, the
    strictest holds; nothing at all is active. Raises `StatusError`.
    """
    said = [(SubscriptionStatus.ACTIVE, "")]
    if status:
        said.append((_status(status), status))
    if subscribed:
        is_on = _is_yes(subscribed, "subscribed")
        said.append((SubscriptionStatus.ACTIVE if is_on else SubscriptionStatus.UNSUBSCRIBED, ""))
    if unsubscribed and (_is_day(unsubscribed) or _is_yes(unsubscribed, "unsubscribed")):
        said.append((SubscriptionStatus.UNSUBSCRIBED, ""))
    strictest, word = max(said, key=lambda each: strictness(each[0]))
    return strictest, "" if word.casefold() == strictest.value else word


def _is_day(cell: str) -> bool:
    """Return whether the cell holds a day or a moment; one of zeros alone, as MySQL writes no day, is refused."""
    if not _MOMENT.fullmatch(cell):
        return False
    if _NO_DAY.match(cell):
        raise StatusError(msg("people.no-day", cell=shown(cell), column=name_of_field("unsubscribed")))
    return True


def strictness(status: SubscriptionStatus) -> int:
    """Return how far a status keeps mail away: the highest holds where two are said."""
    return _STRICTNESS[status]


def _status(cell: str) -> SubscriptionStatus:
    found = _MEANS.get(" ".join(cell.casefold().split()))
    if found is None:
        known = ", ".join(f"{status} ({', '.join(words[:4])})" for status, words in STATUS_WORDS.items())
        raise StatusError(msg("people.no-such-status", status=shown(cell), known=known))
    return found


def _is_yes(cell: str, column: str) -> bool:
    word = cell.casefold()
    if column == "subscribed" and word in _ON | _OFF:
        return word in _ON
    if word not in _YES | _NO:
        raise StatusError(msg("people.neither-yes-nor-no", cell=shown(cell), column=name_of_field(column)))
    return word in _YES
