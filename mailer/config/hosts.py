"""Names and addresses of machines, as settings write them."""

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine; IPv6 may stand in brackets, as in addresses."""
    name = without_brackets(host).lower()
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def without_brackets(host: str) -> str:
    """The host as the operating system looks it up: `::1` for `[::1]`."""
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host
