"""Numbers by which the state knows somebody (fødselsnummer): nothing that holds one is stored."""

import re
from collections.abc import Iterator, Sequence

from mailer.catalogue import msg
from mailer.errors import MailerError

_HYPHENS = r"\-/\u2010-\u2015\u2212\ufe58\ufe63\uff0d"
_SIGNS = rf"[\s._,:{_HYPHENS}]{{0,3}}"  # what people put between the digits
_MONTHS = ("jan", "feb", "mar", "apr", "ma[iy]", "jun", "jul", "aug", "sep", "o[kc]t", "nov", "de[sc]")

# The quick question, for text that is clean already: nearly always it is answered with no. The look behind comes after
# the first digit: a pattern that begins with a digit is searched for much faster.
_MAY_BE_IDENTITY_NUMBER = re.compile(
    rf"\d(?<!\d\d)(?:(?:{_SIGNS}\d){{9}}|\d?{_SIGNS}(?=[jfmasondJFMASOND])(?i:{'|'.join(_MONTHS)}))"
)
may_hold_identity_number = _MAY_BE_IDENTITY_NUMBER.search

_NAMED_MONTH = re.compile(
    rf"(\d){_SIGNS}(?i:{'|'.join(f'({each})' for each in _MONTHS)})[^\W\d_]*{_SIGNS}(?=\d)",
)
_RUN = re.compile(rf"\d(?:{_SIGNS}\d){{8,}}")
_CENTURIES = ("19", "20")
_GROUP = re.compile(r"\d+")

# E-mail addresses have six digits, a full stop and five.
_LONGEST = 254  # signs that an address has at most: what stands further away is no part of it
_ADDRESS_BEFORE = re.compile(rf"@[\w.\-]{{0,{_LONGEST}}}\Z")
_ADDRESS_AFTER = re.compile(rf"[\w.+\-]{{0,{_LONGEST}}}@")
_OF_ADDRESS = re.compile(r"[._]")


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
    text = " ".join(text.split())
    if not may_hold_identity_number(text):
        return False
    text = _NAMED_MONTH.sub(lambda found: f"{found[1]}.{found.lastindex - 1 if found.lastindex else 0:02}.", text)
    return any(_fits(number) for run in _RUN.finditer(text) for number in _numbers_in(run))


def _numbers_in(run: re.Match[str]) -> Iterator[str]:
    """Yield what may be the eleven digits, out of digits with signs between them."""
    text, start, end = run.string, *run.span()
    in_address = _ADDRESS_AFTER.match(text, end) or _ADDRESS_BEFORE.search(text, max(0, start - _LONGEST), start)
    is_after_plus = text.endswith("+", 0, start)  # a telephone number of another country
    for part in _OF_ADDRESS.split(run[0]) if in_address else [run[0]]:
        groups = _GROUP.findall(part)
        for at in range(len(groups)):
            next_ones = groups[at : at + 11]  # each has a digit at least
            yield from _whole(next_ones)
            if at or not is_after_plus:
                yield from _in_groups(next_ones)


def _whole(groups: Sequence[str]) -> Iterator[str]:
    """Yield a number that is written as one, or as date and number, whatever the date; FH-numbers have none."""
    first = groups[0]
    if len(first) == 11:
        yield first
    elif len(first) == 10 and "01" <= first[1:3] <= "12":  # Excel drops the zero a date begins with
        yield f"0{first}"
    elif len(first) == 6 and [len(each) for each in groups[1:2]] == [5]:
        yield first + groups[1]


def _in_groups(groups: Sequence[str]) -> Iterator[str]:
    """Yield numbers that begin with the first group and with a day, in groups of any length."""
    for date, rest in _dates(groups):
        digits = date
        for each in rest:
            if len(digits) >= 11:
                break
            digits += each
        if len(digits) == 11 and _is_day(digits):
            yield digits


def _dates(groups: Sequence[str]) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield the date as six digits, as it may be meant, and what follows; none for digits in any other groups."""
    first, month, last = (*groups[:3], "", "")[:3]
    is_date = len(month) in {1, 2} and bool(last)
    has_century = is_date and len(first) <= 2 and len(last) == 4 and last[:2] in _CENTURIES
    if not has_century:  # else the year is followed by something
        yield "", groups
    if len(first) in {8, 13}:
        yield first[:4] + first[6:8], [first[8:], *groups[1:]]
        yield first[6:8] + first[4:6] + first[2:4], [first[8:], *groups[1:]]
    for size in (2, 4):
        if is_date and len(first) <= 2 and len(last) in {size, size + 5}:
            year = last[:size][-2:]
            yield first.zfill(2) + month.zfill(2) + year, [last[size:], *groups[3:]]
    if is_date and len(first) == 4 and len(last) in {1, 2, 7}:
        yield last[:2].zfill(2) + month.zfill(2) + first[-2:], [last[2:], *groups[3:]]


def _is_day(digits: str) -> bool:
    """Return whether day and month are those of a person, of a D-number (day + 40) or of test data (month + 40…80)."""
    day, month = int(digits[:2]), int(digits[2:4])
    return 1 <= day - 40 * (day > 40) <= 31 and any(1 <= month - more <= 12 for more in (0, 40, 65, 80))


def _fits(number: str) -> bool:
    """Return whether both control digits are right (Skatteetaten, fødselsnummer: modulus 11)."""
    digits = [int(each) for each in number]
    return all(
        sum(weight * digit for weight, digit in zip(weights, digits, strict=False)) % 11 == 0
        for weights in ((3, 7, 6, 1, 8, 9, 4, 5, 2, 1), (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1))
    )
