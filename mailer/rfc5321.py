"""Limits (RFC 5321 §4.5.3.1, in bytes) and names (§4.1.2, §4.1.3) of the standard of mail transport."""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address

MAXIMUM_LOCAL_PART = 64
MAXIMUM_ADDRESS = 254  # a path less its angle brackets

_MAXIMUM_DOMAIN = 255
_DOMAIN = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*", re.ASCII)
_QUAD = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){3}", re.ASCII)


def is_ehlo_name(name: str) -> bool:
    """Return whether a name may follow EHLO: a domain, or an address in brackets (RFC 5321 §4.1.1.1)."""
    if name.startswith("[") and name.endswith("]"):
        return _is_address(name[1:-1])
    return len(name) <= _MAXIMUM_DOMAIN and bool(_DOMAIN.fullmatch(name)) and not _QUAD.fullmatch(name)


def _is_address(literal: str) -> bool:
    """Return whether this stands for an address; IPv6 has its tag before it, and no zone behind."""
    try:
        if literal[:5].lower() == "ipv6:":
            return "%" not in literal and bool(IPv6Address(literal[5:]))
        return bool(IPv4Address(literal))
    except AddressValueError:
        return False
