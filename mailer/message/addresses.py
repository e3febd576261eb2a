"""Recipients' addresses on the wire: which parts are ASCII, and what may not be sent to at all."""

import re

import idna

from mailer.errors import MailerError

# RFC 5322 atoms joined by dots; RFC 6531 §3.3 adds everything that is not ASCII.
ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u00a1-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\U0010ffff-]"
LOCAL_PART = re.compile(rf"{ATEXT}+(?:\.{ATEXT}+)*")
ASCII_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
MAXIMUM_LOCAL = 64
MAXIMUM_ADDRESS = 254


class AddressError(MailerError):
    """Nothing can be sent to this address."""


def wire_address(address: str) -> str:
    """Return the address as it goes into RCPT and To: the domain as A-labels (RFC 5890). Raises `AddressError`."""
    local, _, domain = address.rpartition("@")
    ascii_domain = _a_labels(domain)
    wire = f"{local}@{ascii_domain}"
    fits = len(local.encode()) <= MAXIMUM_LOCAL and len(wire.encode()) <= MAXIMUM_ADDRESS
    if not fits or not LOCAL_PART.fullmatch(local) or not ASCII_DOMAIN.fullmatch(ascii_domain):
        raise AddressError("this is no address that mail can be sent to", hint="Correct the subscriber's address.")
    return wire


def _a_labels(domain: str) -> str:
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise AddressError(
            "the part after the @ is no name on the internet", hint="Correct the subscriber's address."
        ) from error


def needs_smtputf8(address: str) -> bool:
    """Say whether only a server with SMTPUTF8 (RFC 6531) can take mail to this address."""
    return not address.rpartition("@")[0].isascii()
