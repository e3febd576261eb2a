"""Words for the codes of the register: statuses, events, reasons, roles. People type the codes themselves."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from mailer.catalogue import Message, msg

if TYPE_CHECKING:
    from mailer.subscribers.model import Subscription

Words = Mapping[str, Callable[[], Message]]

STATUSES: Words = {
    "active": partial(msg, "register.status-active"),
    "pending": partial(msg, "register.status-pending"),
    "unsubscribed": partial(msg, "register.status-unsubscribed"),
    "suppressed": partial(msg, "register.status-suppressed"),
}


def status_in_words(subscription: "Subscription") -> str:
    """Return what a subscription is; of a merged list, which one has its people now."""
    if subscription.part_of:
        return msg("register.part-of-now", list=subscription.part_of)
    return in_words_of(STATUSES, subscription.status)


EVENTS: Words = {
    "subscribed": partial(msg, "register.event-subscribed"),
    "added_unconfirmed": partial(msg, "register.event-added-unconfirmed"),
    "unsubscribed": partial(msg, "register.event-unsubscribed"),
    "added_again": partial(msg, "register.event-added-again"),
    "left_unconfirmed": partial(msg, "register.event-left-unconfirmed"),
    "left_again": partial(msg, "register.event-left-again"),
    "left_merged_list": partial(msg, "register.event-left-merged-list"),
    "joined_by_merging": partial(msg, "register.event-joined-by-merging"),
    "changed": partial(msg, "register.event-changed"),
    "moved": partial(msg, "register.event-moved"),
    "suppressed": partial(msg, "register.event-suppressed"),
    "released": partial(msg, "register.event-released"),
    "kept_out": partial(msg, "register.event-kept-out"),
    "import_undone": partial(msg, "register.event-import-undone"),
    "taken_back": partial(msg, "register.event-taken-back"),
    "sent_again": partial(msg, "register.event-sent-again"),
}
REASONS: Words = {
    "hard_bounce": partial(msg, "register.reason-hard-bounce"),
    "complaint": partial(msg, "register.reason-complaint"),
    "erased": partial(msg, "register.reason-erased"),
    "manual": partial(msg, "register.reason-manual"),
    "moved": partial(msg, "register.reason-moved"),
    "imported": partial(msg, "register.reason-imported"),
    "left_elsewhere": partial(msg, "register.reason-left-elsewhere"),
}
ORIGINS: Words = {
    "admin": partial(msg, "register.origin-admin"),
    "form": partial(msg, "register.origin-form"),
    "import": partial(msg, "register.origin-import"),
    "leave page": partial(msg, "register.origin-leave-page"),
}
ACTORS: Words = {"the person, on the leave page": partial(msg, "register.actor-leave-page")}
MAIL_STATES: Words = {
    "skipped": partial(msg, "register.mail-skipped"),
    "queued": partial(msg, "register.mail-queued"),
    "claimed": partial(msg, "register.mail-claimed"),
    "in_flight": partial(msg, "register.mail-in-flight"),
    "accepted": partial(msg, "register.mail-accepted"),
    "deferred": partial(msg, "register.mail-deferred"),
    "rejected": partial(msg, "register.mail-rejected"),
    "expired": partial(msg, "register.mail-expired"),
    "cancelled": partial(msg, "register.mail-cancelled"),
    "in_doubt": partial(msg, "register.mail-in-doubt"),
}
ROLES: Words = {
    "kommune": partial(msg, "register.role-kommune"),
    "helseforetak": partial(msg, "register.role-helseforetak"),
    "fastlege": partial(msg, "register.role-fastlege"),
    "brukerrepresentant": partial(msg, "register.role-brukerrepresentant"),
    "direktorat": partial(msg, "register.role-direktorat"),
    "annet": partial(msg, "register.role-annet"),
}
FIELDS: Words = {
    "name": partial(msg, "register.field-name"),
    "organisation": partial(msg, "register.field-organisation"),
    "role": partial(msg, "register.field-role"),
    "lang": partial(msg, "register.field-lang"),
    "basis": partial(msg, "register.field-basis"),
}
_SCOPES: Words = {"all": partial(msg, "register.all-lists")}
NOTHING = "–"


def in_words_of(words: Words, code: str) -> str:
    """Return the word for a code, and any other text as it is."""
    return words[code]() if code in words else code


def scope_in_words(scope: str) -> str:
    """Return the name of one list, or the word for all."""
    return in_words_of(_SCOPES, scope)


def change_in_words(field: str, old: str, new: str) -> Message:
    """Return a fact about a person as it was and is now."""
    was, now = (_fact(field, each) for each in (old, new))
    return msg("register.changed-fact", field=in_words_of(FIELDS, field), old=was, new=now)


def change_on_list(field: str, old: str, new: str, *, list_: str) -> Message:
    """Return a fact as it was and is now on one list."""
    return msg("register.changed-fact-on", change=change_in_words(field, old, new), list=list_)


def _fact(field: str, value: str) -> str:
    return in_words_of(ROLES, value) if field == "role" and value else value or NOTHING
