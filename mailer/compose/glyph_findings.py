"""Where an issue holds characters that its PDF cannot print, found without printing it."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from mailer.compose.glyphs import Glyphs
from mailer.compose.print_data import print_data
from mailer.compose.publication import Publication
from mailer.issue.characters import name_of
from mailer.issue.findings import OF_EACH_RULE
from mailer.issue.frame import FRAME
from mailer.issue.model import Finding, Issue, Severity
from mailer.issue.passages import Passage, PlaceFinder, printed_passages
from mailer.rendering.templates import Templates

NAMED_AT_MOST = 3


def glyph_findings(
    issue: Issue,
    *,
    templates: Templates,
    publication: Publication,
    sources: Mapping[str, str],
    elsewhere: Mapping[str, str],
) -> tuple[Finding, ...]:
    """A warning for each text with a character that the PDF's fonts lack, at the place of the first.

    `sources` are the texts of the issue's files; `elsewhere` has what is printed too, by the place where it is written.
    """
    _, glyphs = print_data(issue, templates=templates, publication=publication)
    if not glyphs.missing:
        return ()
    passages = tuple(printed_passages(issue))
    finder = PlaceFinder(sources, passages=passages)
    texts = [(passage, glyphs.missing_in(passage.words)) for passage in passages]
    found = tuple(_finding(passage, missing, glyphs, finder) for passage, missing in texts if missing)
    rest = glyphs.missing.difference(*(missing for _, missing in texts))
    return (*found[:OF_EACH_RULE], *_others(sorted(rest), glyphs, elsewhere))


def _finding(passage: Passage, missing: tuple[str, ...], glyphs: Glyphs, finder: PlaceFinder) -> Finding:
    first = missing[0]
    at = unicodedata.normalize("NFC", passage.words).index(first)
    line, column = finder.in_passage(first, passage, at=at)
    return _warning(missing, glyphs, file=passage.file, line=line or passage.line, column=column)


def _others(missing: Iterable[str], glyphs: Glyphs, elsewhere: Mapping[str, str]) -> Iterator[Finding]:
    """What stands in no text of the issue is told with the place in the settings or, failing that, the templates."""
    for character in missing:
        places = [place for place, text in elsewhere.items() if character in text]
        yield _warning((character,), glyphs, file=FRAME, place=places[0] if places else "a template or a label")


def _warning(
    missing: tuple[str, ...], glyphs: Glyphs, *, file: str, line: int = 0, column: int = 0, place: str = ""
) -> Finding:
    shown = ", ".join(f"{each} ({name_of(each)})" for each in missing[:NAMED_AT_MOST])
    more = f" and {len(missing) - NAMED_AT_MOST} more" if len(missing) > NAMED_AT_MOST else ""
    where = f", which stands in {place}" if place else ""
    return Finding(
        severity=Severity.WARNING,
        rule="missing-glyph",
        message=f"the PDF's fonts have no sign for {shown}{more}{where}; the PDF shows {glyphs.substitute} there",
        file=file,
        line=line,
        column=column,
        words=missing[0] if column else "",
        hint="The mail is not concerned. Write it in letters, or leave it out.",
    )
