"""Compare and keep the words of servers without the person they name."""

import re

from mailer.transport.base import Reply


def kind_of(reply: Reply, *, recipient: str) -> str:
    """Return what two answers have in common when they differ only in the recipient they name.

    The code and the enhanced code; without the latter the code and the words, but for addresses, names of hosts,
    numbers and ids, and the recipient's name.
    """
    if reply.enhanced:
        return f"{reply.code} {reply.enhanced}"
    local, _, domain = recipient.lower().rpartition("@")
    words = [each.strip("<>()[]{}\"'`,;:.!?#*") for each in reply.text.split()]
    named = {local, domain, ""}
    return " ".join(
        [str(reply.code), *(each.lower() for each in words if each.lower() not in named and _is_word(each))]
    )


def _is_word(token: str) -> bool:
    """Return whether a token is a word: ids, hosts, addresses and numbers are none."""
    return not re.search(r"[\d@=/\\_]|\w\.\w|[a-z][A-Z]", token)


def without_address(reply: Reply, recipient: str) -> str:
    """Return the server's words without the recipient's address, for a note that stays."""
    return re.sub(re.escape(recipient), "…", str(reply), flags=re.IGNORECASE) if recipient else str(reply)


def without_addresses(words: str) -> str:
    """Return the server's words without any address, for a log."""
    return re.sub(r"[^\s<>()\[\]\"',;:]+@[^\s<>()\[\]\"',;:]+", "…", words)


def without_addresses_and_links(text: str) -> str:
    """Return the server's own words: an address or a link may have any word in it."""
    return re.sub(r"https?://\S+", " ", without_addresses(text))
