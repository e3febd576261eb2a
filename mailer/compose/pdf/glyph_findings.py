"""Find the characters of an issue that its PDF cannot print, without printing it."""

import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from mailer.catalogue import msg
from mailer.characters import name_of
from mailer.compose.pdf.glyphs import Glyphs
from mailer.compose.pdf.print_data import print_data
from mailer.compose.publication import Publication
from mailer.issue.files.frame import FRAME
from mailer.issue.findings import OF_EACH_RULE
from mailer.issue.lint.passages import Passage, PlaceFinder, printed_passages
from mailer.issue.model import Finding, Issue, Severity
from mailer.rendering.templates import Templates


@dataclass(frozen=True, slots=True, kw_only=True)
class TextElsewhere:
    """A text that is printed and stands in no file of the issue; `place` says in words where it is written.

    `file` and `line` are those of the settings, when it stands there.
    """

    text: str
    place: str
    file: str = ""
    line: int = 0


def glyph_findings(
    issue: Issue,
    *,
    templates: Templates,
    publication: Publication,
    sources: Mapping[str, str],
    elsewhere: Iterable[TextElsewhere],
) -> tuple[Finding, ...]:
    """Return a warning for each text with a character that the PDF's fonts lack, at the place of the first.

    `sources` are the texts of the issue's files and of the settings; `elsewhere` has other printed texts.
    """
    _, glyphs = print_data(issue, templates=templates, publication=publication, pictures=issue.images)
    if not glyphs.missing:
        return ()
    passages = tuple(printed_passages(issue))
    finder = PlaceFinder(sources, passages=passages)
    texts = [(passage, glyphs.missing_in(passage.words)) for passage in passages]
    found = tuple(_finding(passage, missing, glyphs, finder) for passage, missing in texts if missing)
    rest = glyphs.missing.difference(*(missing for _, missing in texts))
    return (*found[:OF_EACH_RULE], *_others(rest, glyphs, elsewhere, finder))


def _finding(passage: Passage, missing: tuple[str, ...], glyphs: Glyphs, finder: PlaceFinder) -> Finding:
    first = missing[0]
    at = unicodedata.normalize("NFC", passage.words).index(first)
    line, column = finder.in_passage(first, passage, at=at)
    return _warning(missing, glyphs, file=passage.file, line=line or passage.line, column=column)


def _others(
    missing: Collection[str], glyphs: Glyphs, elsewhere: Iterable[TextElsewhere], finder: PlaceFinder
) -> Iterator[Finding]:
    """Yield warnings for characters in no text of the issue: one for each text of the settings, or the templates."""
    rest = set(missing)
    for each in elsewhere:
        if here := tuple(sign for sign in glyphs.missing_in(each.text) if sign in rest):
            rest.difference_update(here)
            line, column = finder.in_file(here[0], each.file, near=each.line)
            is_written_so = line == each.line
            place = "" if each.line else each.place
            yield _warning(
                here,
                glyphs,
                file=each.file or FRAME,
                line=each.line,
                column=column if is_written_so else 0,
                place=place,
            )
    if rest:
        yield _warning(tuple(sorted(rest)), glyphs, file=FRAME, place=msg("findings.templates-or-labels"))


def _warning(
    missing: tuple[str, ...], glyphs: Glyphs, *, file: str, line: int = 0, column: int = 0, place: str = ""
) -> Finding:
    signs = ", ".join(f"{each} ({name_of(each)})" for each in missing)
    substitute = glyphs.substitute
    message = msg("findings.missing-glyph", signs=signs, substitute=substitute)
    if place:
        message = msg("findings.missing-glyph-elsewhere", signs=signs, place=place, substitute=substitute)
    return Finding(
        severity=Severity.WARNING,
        rule="missing-glyph",
        message=message,
        file=file,
        line=line,
        column=column,
        words=missing[0] if column else "",
        hint=msg("findings.missing-glyph-hint"),
    )
