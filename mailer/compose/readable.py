"""Check that a composed mail can be read: subject, language, headings, pictures, contrast, tokens left behind."""

import re
from collections.abc import Iterator
from itertools import pairwise

from mailer.compose.client_support import client_support_findings
from mailer.compose.composed import ComposedIssue
from mailer.compose.slots import Slot
from mailer.compose.theme import Theme, check_contrast
from mailer.issue.model import Finding, Severity

SUBJECT_LENGTHS = range(10, 79)
_HEADING = re.compile(r"<h([1-6])\b", re.IGNORECASE)
_IMAGE = re.compile(r"""<img\b((?:[^<>"']|"[^"]*"|'[^']*')*)>""", re.IGNORECASE)
_ALT = re.compile(r"\salt\s*=", re.IGNORECASE)
_TOKEN = re.compile(r"slot9x7q4\w*?4q7x9")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def mail_findings(composed: ComposedIssue, theme: Theme) -> tuple[Finding, ...]:
    """Return the findings about a composed mail that can be sent all the same."""
    return (*_findings(composed, theme), *client_support_findings(composed.html))


def _findings(composed: ComposedIssue, theme: Theme) -> Iterator[Finding]:
    length = len(composed.subject)
    if length not in SUBJECT_LENGTHS:
        yield _warning("subject-length", f"the subject has {length} characters", "Change the title in issue.toml.")
    for problem in check_contrast(theme):
        yield _warning("contrast", str(problem), f"Change [theme.{problem.mode}] in config.toml.")
    yield from html_findings(composed.html)


def html_findings(html: str) -> Iterator[Finding]:
    """Yield the findings that keep readers from the words of a mail."""
    shown = _COMMENT.sub("", html)
    if not re.search(r"<html\b[^>]*\slang=[\"']?(?!und\b)\w", shown):
        yield _warning("html-lang", "the mail does not say its language", "Add lang to <mjml> in the template.")
    levels = [1, *(int(match[1]) for match in _HEADING.finditer(shown))]
    for above, below in pairwise(levels):
        if below > above + 1:
            yield _warning("heading-order", f"a heading of level {below} follows one of level {above}", _TEMPLATES)
    for image in _IMAGE.finditer(shown):
        if not _ALT.search(image[1]):
            yield _warning("alt-text", f"a picture has no description: {image[0][:80]}", _TEMPLATES)
    known = {slot.token.removeprefix("https://").removesuffix(".invalid/") for slot in Slot}
    for token in sorted(set(_TOKEN.findall(html)) - known):
        yield _warning("slots", f"the mail has a place for a value that does not exist: {token}", _TEMPLATES)


_TEMPLATES = "Compare your templates with those that come with mailer."


def _warning(rule: str, message: str, hint: str) -> Finding:
    return Finding(severity=Severity.WARNING, rule=rule, message=message, file="issue.toml", hint=hint)
