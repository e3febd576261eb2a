"""Numbers by which the state knows somebody (fødselsnummer): nothing that holds one is stored."""

import re

from mailer.catalogue import msg
from mailer.errors import MailerError

# What people put between date and number. No full stop: e-mail addresses have six digits, a full stop and five.
_BETWEEN = r"[\s\-/\u2010-\u2015\u2212\ufe58\ufe63\uff0d]{0,3}"

# Eleven digits; ten, where Excel dropped the zero a date begins with; or a date with signs in it, and five digits.
# The look behind comes after the first digit: a pattern that begins with a digit is searched for much faster.
_MAY_BE_IDENTITY_NUMBER = re.compile(
    r"\d(?<!\d\d)\d(?:"
    rf"\d{{4}}(?:{_BETWEEN}\d{{5}}|\d{{4}}(?<=[1-9](?:0[1-9]|1[0-2])\d{{7}}))"
    rf"|([ ./-])\d\d\1(?:19|20)?\d\d{_BETWEEN}\d{{5}}"
    r")(?!\d)"
)

# The quick question, for text that is clean already: nearly always it is answered with no.
may_hold_identity_number = _MAY_BE_IDENTITY_NUMBER.search


class IdentityNumberError(MailerError):
    """Words that are not stored, since they hold what looks like a fødselsnummer."""


def refuse_identity_number(text: str, *, where: str) -> None:
    """Raise `IdentityNumberError` that names the place, and does not repeat the number."""
    if holds_identity_number(text):
        raise IdentityNumberError(msg("people.identity-number"), where=where, hint=msg("people.leave-number-out"))


def holds_identity_number(text: str) -> bool:
    """Return whether the text has a fødselsnummer or D-nummer, also with spaces or invisible signs in it."""
    if not text.isprintable():
        text = "".join(sign for sign in text if sign.isprintable() or sign.isspace())
    return any(_fits(found[0]) for found in _MAY_BE_IDENTITY_NUMBER.finditer(" ".join(text.split())))


def _fits(number: str) -> bool:
    """Return whether both control digits are right (Skatteetaten, fødselsnummer: modulus 11)."""
    digits = [int(each) for each in number if each.isdecimal()]
    if len(digits) == 13:  # the year has four of them
        del digits[4:6]
    digits = [0] * (11 - len(digits)) + digits
    return all(
        sum(weight * digit for weight, digit in zip(weights, digits, strict=False)) % 11 == 0
        for weights in ((3, 7, 6, 1, 8, 9, 4, 5, 2, 1), (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1))
    )
