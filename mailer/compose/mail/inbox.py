"""The subject and the preview text that a reader sees before opening the mail, and the issue's name elsewhere."""

import re

from babel.lists import format_list

from mailer.compose.text.excerpts import words_in
from mailer.compose.view import IssueView
from mailer.issue.lint.completeness import LONGEST_PREHEADER
from mailer.issue.model import Issue, IssueKind
from mailer.rendering.dates import write_month
from mailer.rendering.labels import Labels

LONGEST_SUBJECT = 78
MOST_HEADLINES = 3
_SECOND_PART = re.compile(r"(?<=\w{3}) [–—-] |: ")


def name_of(issue: Issue) -> str:
    """The newsletter's name and month, for archives: *Nyheitsbrev for helsefellesskap – desember 2023*."""
    return f"{issue.title} – {write_month(issue.published.start, issue.lang)}"


def subject_of(issue: Issue) -> str:
    """Return the editor's own subject, or month and news: *Desember 2023: Saman i dialog · Etablering av FACT-team*.

    A short letter is called by its title. What an inbox would cut off (`LONGEST_SUBJECT` characters) is left out.
    """
    if issue.subject:
        return issue.subject
    if issue.kind is IssueKind.NOTE:
        return issue.title
    month = write_month(issue.published.start, issue.lang)
    subject, headlines = f"{month[0].upper()}{month[1:]}: ", 0
    for headline in filter(None, map(_headline, (item.title for item in issue.items))):
        longer = subject + (" · " if headlines else "") + headline
        if len(longer) <= LONGEST_SUBJECT and headlines < MOST_HEADLINES:
            subject, headlines = longer, headlines + 1
    return subject if headlines else name_of(issue)


def _headline(title: str) -> str:
    """Return a title without what a dash or a colon adds to it, and without a mark at its end."""
    return _SECOND_PART.split(title, maxsplit=1)[0].rstrip(" .:;–-")


def preheader_of(view: IssueView, labels: Labels) -> str:
    """Return the editor's own words, or the next deadlines, the helsefellesskap and the first titles.

    Of a short letter without them the deadlines and its first words.
    """
    if view.issue.preheader:
        return view.issue.preheader
    names = ", ".join(mark.place.name for mark in view.places)
    titles = ". ".join(each.name.rstrip(".") for section in view.sections for each in section.items)
    words = " ".join(words_in(view.issue.intro).split()) if view.issue.kind is IssueKind.NOTE else ""
    parts = (part.rstrip(".") for part in (_deadlines(view, labels), words, names, titles) if part)
    return _shorten(". ".join(parts))


def _deadlines(view: IssueView, labels: Labels) -> str:
    if not view.deadlines:
        return ""
    label = labels.label(view.deadlines_msgid, view.issue.lang)
    return f"{label} {format_list(view.deadlines, locale=label.lang)}"


def _shorten(text: str) -> str:
    """Cut at a word: mail programs would cut in the middle of one."""
    if len(text) <= LONGEST_PREHEADER:
        return text
    return text[: LONGEST_PREHEADER - 1].rpartition(" ")[0].rstrip(" .,;:–-") + " …"
