"""The subject and the preview text that a reader sees before opening the mail."""

from babel.lists import format_list

from mailer.compose.view import IssueView
from mailer.issue.lint.completeness import LONGEST_PREHEADER
from mailer.issue.model import Issue
from mailer.rendering.dates import write_month
from mailer.rendering.labels import Labels


def subject_of(issue: Issue) -> str:
    """The newsletter's name and month: *Nyheitsbrev for helsefellesskap – desember 2023*."""
    return f"{issue.title} – {write_month(issue.published.start, issue.lang)}"


def preheader_of(view: IssueView, labels: Labels) -> str:
    """Return the editor's own words, or the next deadlines, the helsefellesskap and the first titles."""
    if view.issue.preheader:
        return view.issue.preheader
    names = ", ".join(mark.place.name for mark in view.places)
    titles = ". ".join(each.name.rstrip(".") for section in view.sections for each in section.items)
    parts = (part.rstrip(".") for part in (_deadlines(view, labels), names, titles) if part)
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
