"""What a server says, without the one person it happened to be said of: to compare answers, and to keep them."""

import re

from mailer.transport.base import Reply


def kind_of(reply: Reply, *, recipient: str) -> str:
    """What two answers have in common that are the same but for whom they name.

    The code and the enhanced code; without the latter the code and the words, but for addresses, names of hosts,
    numbers and ids, and what the recipient is called.
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
    """Ids, hosts, addresses and numbers are none."""
    return not re.search(r"[\d@=/\\_]|\w\.\w|[a-z][A-Z]", token)


def without_address(reply: Reply, recipient: str) -> str:
    """The server's words, for a note that stays: without the one person they happened to be said of."""
    return re.sub(re.escape(recipient), "…", str(reply), flags=re.IGNORECASE) if recipient else str(reply)


def without_addresses(words: str) -> str:
    """The server's words, for a log: without any address."""
    return re.sub(r"[^\s<>()\[\]\"',;:]+@[^\s<>()\[\]\"',;:]+", "…", words)


def without_addresses_and_links(text: str) -> str:
    """The server's own words: an address or a link may have any word in it."""
    return re.sub(r"https?://\S+", " ", without_addresses(text))
