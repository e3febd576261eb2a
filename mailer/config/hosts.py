"""Names and addresses of machines, as settings write them."""

from ipaddress import IPv6Address, ip_address


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine.

    IPv6 may stand in brackets, as in web addresses, and hold an IPv4 address; a name may end with the dot of the root.
    """
    name = without_brackets(host).lower()
    try:
        address = ip_address(name)
    except ValueError:
        return name.removesuffix(".") == "localhost"
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def without_brackets(host: str) -> str:
    """The host as the operating system looks it up: `::1` for `[::1]`."""
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host
