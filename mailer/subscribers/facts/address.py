"""E-mail addresses: one form for matching, another for sending, and a reason for each that is refused."""

import re
from functools import lru_cache
from typing import NamedTuple
from unicodedata import is_normalized, normalize

import idna
from email_validator import EmailNotValidError, validate_email

from mailer.catalogue import msg
from mailer.errors import MailerError
from mailer.rfc5321 import MAXIMUM_ADDRESS, MAXIMUM_LOCAL_PART
from mailer.subscribers.facts.address_faults import explain
from mailer.subscribers.facts.words import shown

# RFC 5322 §3.2.3, dot-atom.
_PLAIN_LOCAL_PART = re.compile(r"[\w!#$%&'*+\-/=?^`{|}~]+(\.[\w!#$%&'*+\-/=?^`{|}~]+)*", re.ASCII)


class AddressError(MailerError):
    """A text that is no e-mail address we could send to."""


class Address(NamedTuple):
    """An address; equal `normalised` (A-labels, casefolded) means one subscriber, and mail goes to `as_given`.

    A plain tuple, since there may be a million.
    """

    normalised: str
    as_given: str


def parse_address(text: str) -> Address:
    """Return the address that `text` is. Raises `AddressError` with the reason; nothing is looked up in DNS."""
    given = text.strip()
    if not given.isascii():
        given = normalize("NFC", given)
        if not is_normalized("NFKC", given):
            raise AddressError(msg("people.lookalike-letters", address=shown(given)))
    try:
        local, domain = _split(given)
    except EmailNotValidError as error:
        what = msg("people.no-address", address=shown(given), reason=explain(str(error)))
        raise AddressError(what) from error
    size = len(local.encode())
    if size > MAXIMUM_LOCAL_PART or size + 1 + len(domain) > MAXIMUM_ADDRESS:
        raise AddressError(msg("people.address-too-long", address=shown(given)))
    return Address(f"{normalize('NFC', local.casefold())}@{domain}", given)


def normalise(typed: str) -> str:
    """Return the normalised form of an address, or the text itself when it is none."""
    try:
        return parse_address(typed).normalised
    except AddressError:
        return typed


def as_stored(beginning: str) -> str:
    """The beginning of an address as those that begin so are stored, as far as that can be told."""
    local, at, domain = beginning.rpartition("@")
    if not at:
        return normalize("NFC", beginning.casefold())
    return f"{normalize('NFC', local.casefold())}@{'.'.join(map(_a_label, domain.split('.')))}"


def _a_label(label: str) -> str:
    """Return the A-label of a label; the beginning of a label has another A-label than the whole, or none."""
    try:
        return label.casefold() if label.isascii() else idna.encode(label, uts46=True).decode("ascii")
    except idna.IDNAError:
        return label.casefold()


def _split(address: str) -> tuple[str, str]:
    local, at, domain = address.rpartition("@")
    if at and _PLAIN_LOCAL_PART.fullmatch(local):
        return local, _ascii_domain(domain)
    valid = validate_email(address, check_deliverability=False, strict=True)
    return valid.local_part, valid.ascii_domain.casefold()


@lru_cache(maxsize=4096)
def _ascii_domain(domain: str) -> str:
    """Return the domain in ASCII, cached: a register has few domains, and the validator takes its time."""
    return validate_email(f"a@{domain}", check_deliverability=False).ascii_domain.casefold()
