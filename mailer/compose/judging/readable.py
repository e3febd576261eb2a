"""Check that a composed mail can be read: subject, language, headings, pictures, contrast, tokens left behind."""

import re
from collections.abc import Iterator
from itertools import pairwise

from mailer.catalogue import Message, msg
from mailer.compose.composed import ComposedIssue
from mailer.compose.judging.client_support import client_support_findings
from mailer.compose.mail.inbox import LONGEST_SUBJECT
from mailer.compose.slots import Slot
from mailer.compose.theme import ContrastProblem, Theme, check_contrast
from mailer.issue.model import Finding, Severity

SUBJECT_LENGTHS = range(10, LONGEST_SUBJECT + 1)
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
        message, hint = msg("findings.subject-length", count=length), msg("findings.subject-length-hint")
        yield _warning("subject-length", message, hint)
    for problem in check_contrast(theme):
        yield _warning("contrast", _contrast(problem), msg("findings.contrast-hint", mode=problem.mode))
    yield from html_findings(composed.html)


def _contrast(problem: ContrastProblem) -> Message:
    return msg(
        "findings.contrast",
        mode=problem.mode,
        foreground=problem.foreground,
        background=problem.background,
        ratio=round(problem.ratio, 2),
        needed=problem.needed,
    )


def html_findings(html: str) -> Iterator[Finding]:
    """Yield the findings that keep readers from the words of a mail."""
    shown = _COMMENT.sub("", html)
    if not re.search(r"<html\b[^>]*\slang=[\"']?(?!und\b)\w", shown):
        yield _warning("html-lang", msg("findings.html-lang"), msg("findings.html-lang-hint"))
    levels = [1, *(int(match[1]) for match in _HEADING.finditer(shown))]
    for above, below in pairwise(levels):
        if below > above + 1:
            message = msg("findings.heading-order", below=str(below), above=str(above))
            yield _warning("heading-order", message, _TEMPLATES)
    for image in _IMAGE.finditer(shown):
        if not _ALT.search(image[1]):
            yield _warning("alt-text", msg("findings.alt-text", tag=image[0][:80]), _TEMPLATES)
    known = {slot.token.removeprefix("https://").removesuffix(".invalid/") for slot in Slot}
    for token in sorted(set(_TOKEN.findall(html)) - known):
        yield _warning("slots", msg("findings.slots", token=token), _TEMPLATES)


_TEMPLATES = msg("findings.compare-templates")


def _warning(rule: str, message: Message, hint: Message) -> Finding:
    return Finding(severity=Severity.WARNING, rule=rule, message=message, file="issue.toml", hint=hint)
