"""Check a composed mail by looking at the result itself."""

import re
from collections.abc import Iterator

from mailer.catalogue import Message, msg
from mailer.compose.slots import REQUIRED, Slot
from mailer.errors import MailerError
from mailer.issue.model import Finding, Severity

GMAIL_CLIPS_AT = 102_000
_TAG = re.compile(r"""<([A-Za-z][\w:-]*)((?:[^<>"']++|"[^"]*+"|'[^']*+')*+)>""")
_ATTRIBUTE = re.compile(r"""([\w:-]+)\s*=\s*("[^"]*"|'[^']*')""")
_STYLE_BLOCK = re.compile(r"<style\b[^>]*>(.*?)</style>", re.DOTALL | re.IGNORECASE)
_FETCHED_BY_STYLE = re.compile(r"url\(\s*[\"']?\s*(?:https?:)?//|@import", re.IGNORECASE)
_FETCHING_ATTRIBUTES = frozenset({"src", "srcset", "background", "poster", "data", "codebase"})
_MAY_FETCH = (*_FETCHING_ATTRIBUTES, "url(", "@import")
_FETCHING_ELEMENTS = frozenset({"link", "script", "iframe", "object", "embed", "base", "form"})
_BRANCH = re.compile(r"<!(?:--\[if [^\]]*mso[^\]]*\]>(?P<open>(?:<!-->)?)|(?P<close>\[endif\](?:--)?>))")


def remote_resources(html: str) -> tuple[str, ...]:
    """Return the addresses that a mail program would fetch by itself when it shows the mail; links are not meant."""
    by_style = (match[0] for block in _STYLE_BLOCK.findall(html) for match in _FETCHED_BY_STYLE.finditer(block))
    by_element = (found for tag in _TAG.finditer(html) for found in _fetched_by(tag[1].lower(), tag[2]))
    return (*by_style, *by_element)


def _fetched_by(element: str, attributes: str) -> Iterator[str]:
    if element in _FETCHING_ELEMENTS:
        yield f"<{element}>"
    lowered = attributes.lower()
    if not any(word in lowered for word in _MAY_FETCH):
        return
    for name, quoted in _ATTRIBUTE.findall(attributes):
        value = quoted[1:-1].strip().lower()
        if name.lower() in _FETCHING_ATTRIBUTES and not value.startswith(("cid:", "data:image/")):
            yield f"<{element} {name}={quoted}>"
        if name.lower() == "style" and _FETCHED_BY_STYLE.search(value):
            yield f"<{element} style={quoted}>"


def slots_in(text: str) -> frozenset[Slot]:
    """The slots whose tokens stand in a text."""
    return frozenset(slot for slot in Slot if slot.token in text)


def branches_are_balanced(html: str) -> bool:
    """Return whether every conditional comment for Word is closed before the next begins."""
    is_open = False
    for match in _BRANCH.finditer(html):
        opens = match["close"] is None
        if opens == is_open:
            return False
        is_open = opens
    return not is_open


def check_composed(html: str, text: str, *, template: str) -> frozenset[Slot]:
    """The slots of a composed mail; an error when the mail could not be sent as it is."""
    for problem in _problems(html, text):
        raise MailerError(problem, where=template, hint=msg("findings.compare-templates"))
    return slots_in(html) | slots_in(text)


def size_findings(html: str) -> tuple[Finding, ...]:
    """A warning when Gmail would cut the end off the mail."""
    size = len(html.encode())
    if size < GMAIL_CLIPS_AT:
        return ()
    return (
        Finding(
            severity=Severity.WARNING,
            rule="size",
            message=msg("findings.size", size=round(size / 1000)),
            file="issue.toml",
            hint=msg("findings.size-hint"),
        ),
    )


def _problems(html: str, text: str) -> Iterator[Message]:
    if remote := remote_resources(html):
        yield msg("findings.mail-fetches", what=remote[0])
    if missing := REQUIRED - slots_in(html):
        yield msg("findings.html-lacks-slots", names=_names(missing))
    if missing := REQUIRED - slots_in(text):
        yield msg("findings.text-lacks-slots", names=_names(missing))
    if not branches_are_balanced(html):
        yield msg("findings.branch-not-closed")


def _names(slots: frozenset[Slot]) -> str:
    return ", ".join(sorted(slot.name.lower() for slot in slots))
