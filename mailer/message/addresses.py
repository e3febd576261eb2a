"""Recipients' addresses on the wire: which parts are ASCII, and what may not be sent to at all."""

import re
from functools import partial

import idna

from mailer.catalogue import msg
from mailer.errors import MailerError
from mailer.message.headers import HeaderError, guard
from mailer.rfc5321 import MAXIMUM_ADDRESS, MAXIMUM_LOCAL_PART

# RFC 5322 atoms joined by dots; RFC 6531 §3.3 adds what is not ASCII.
ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]"
LOCAL_PART = re.compile(rf"{ATEXT}+(?:\.{ATEXT}+)*")
LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
ASCII_DOMAIN = re.compile(rf"{LABEL}(?:\.{LABEL})*")
_hint = partial(msg, "sending.correct-address")


class WireAddressError(MailerError):
    """An address that no message can be sent to."""


def wire_address(address: str) -> str:
    """Return the address as it goes into RCPT and To: the domain as A-labels (RFC 5890). Raises `WireAddressError`."""
    local, _, domain = address.rpartition("@")
    wire = f"{local}@{_a_labels(domain)}"
    if not LOCAL_PART.fullmatch(local) or not ASCII_DOMAIN.fullmatch(wire[len(local) + 1 :]):
        raise WireAddressError(msg("sending.no-address"), hint=_hint())
    if not wire.isascii():
        _refuse_invisible(local)
    if len(local.encode()) > MAXIMUM_LOCAL_PART or len(wire.encode()) > MAXIMUM_ADDRESS:
        raise WireAddressError(msg("sending.address-too-long"), hint=_hint())
    return wire


def _refuse_invisible(local: str) -> None:
    try:
        guard("To", local)
    except HeaderError as error:
        raise WireAddressError(msg("sending.invisible-in-address"), hint=_hint()) from error


def _a_labels(domain: str) -> str:
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise WireAddressError(msg("sending.no-domain"), hint=_hint()) from error


def needs_smtputf8(address: str) -> bool:
    """Say whether only a server with SMTPUTF8 (RFC 6531) can take mail to this address."""
    return not address.rpartition("@")[0].isascii()
