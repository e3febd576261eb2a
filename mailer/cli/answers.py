"""Answers to a delivery in words: the server's as it said them, our own in the language of the interface."""

from mailer.catalogue.recognising import recognise

# What stands in the database in English where no server has answered; the first that fits is taken.
_OUR_WORDS = (
    "sending.not-sent",
    "sending.sender-ended",
    "sending.decided-received",
    "sending.decided-to-resend",
    "sending.queued-again",
    "sending.no-answer",
    "sending.cut-short",
    "sending.server-closed",
    "sending.spoke-before-dot",
    "sending.connection-refused",
    "sending.connection-reset",
    "sending.broken-pipe",
    "sending.no-route",
    "sending.no-network",
    "sending.not-smtp",
    "sending.reply-without-end",
    "sending.line-without-end",
    "sending.answered-unasked",
    "sending.answered-too-much",
    "sending.answered-nonsense",
    "sending.said-unasked",
    "sending.login-nonsense",
    "sending.challenge-damaged",
    "sending.message-too-big",
    "sending.not-an-address",
    "sending.no-address",
    "sending.no-domain",
    "sending.address-too-long",
    "sending.invisible-in-address",
    "sending.letters-outside",
    "sending.no-letters-outside-ascii",
    "errors.no-space",
    "errors.permission-denied",
    "errors.not-permitted",
    "errors.read-only",
)


def answer_in_words(reply: str) -> str:
    """Return the server's words as it said them; our own, which stand in the database in English, as a message."""
    return recognise(reply, _OUR_WORDS)
