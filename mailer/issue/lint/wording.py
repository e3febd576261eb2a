"""Rules for letters, spaces, marks and single words that hold in every language written here."""

import re
from collections import Counter
from collections.abc import Iterator

from mailer.catalogue import msg
from mailer.issue.lint.reading import LintInput, RuleHit, hit_in, matches

_BROKEN_WORD = (
    r"(?<![\w-])[^\W\d_]+(?:-|\u00ad) "
    r"(?:[0-9]+-[^\W\d_]|(?!(?i:og|eller|samt|til|men|som|både|mot|pluss|and|or|to|but|than|ja|dahje|vai)(?!\w))"
    r"[^\W\d_]+(?![\w-]))"
)
"""A hyphen, or a soft one, that ends no first half, as that of *helse- og omsorg* and *før- under- og etter* does."""

_MEANT = {
    letter.encode().decode("cp1252", "ignore"): letter
    for letter in "æøåÆØÅäöüÄÖÜéèêëÉóòôõáàâíñçšžŧŋđ«»§°½¼¾²³·–—‘’“”„…•€\N{NO-BREAK SPACE}"
}
"""Letters as they look where UTF-8 was read as Windows-1252, and what they were."""
_GARBLED = re.compile("|".join(sorted(_MEANT, key=len, reverse=True)) + "|ðŸ")
"""Behind the last begin signs of feeling, of which more is lost."""
_QUOTED = re.compile(r"„[^„“”]*[“”]|“[^„“”]*”|”[^„“”]*”")
"""Words in quotation marks as they are set in English, German, Polish and Swedish."""
_WITHIN_EACH_OTHER = 3
_DOUBLED = re.compile(r"(?<!\S)\S+ {2,}\S+")
_GAP_OF_COLUMNS = re.compile(r"(?<!^)(?<!^.)(?<!^..)\S {3,}\S", re.MULTILINE)
"""Three spaces or more, but not behind the mark of a point, as in `a)   Mål`."""
_INCHES = re.compile(r"(?<=[0-9])\"(?=[\s.,)]|\Z)")


def lost_letter(reading: LintInput) -> Iterator[RuleHit]:
    """Find the sign for a letter that no program could read or an entity that is none, and letters read wrongly."""
    yield from matches(reading, r"\ufffd", msg("findings.lost-letter"), msg("findings.lost-letter-hint"))
    for passage in reading.all_passages():
        for match in _GARBLED.finditer(passage.text):
            letter = _MEANT.get(match[0])
            hint = msg("findings.garbled-letter-hint", letter=letter) if letter else msg("findings.lost-letter-hint")
            yield hit_in(passage, msg("findings.garbled-letter"), match[0], hint, at=match.start())


def doubled_space(reading: LintInput) -> Iterator[RuleHit]:
    """Find two spaces between words; on several lines they set columns, which fall together, and are told once."""
    message = msg("findings.doubled-space")
    for passage in reading.all_passages():
        found, gaps = ([*each.finditer(passage.text)] for each in (_DOUBLED, _GAP_OF_COLUMNS))
        if gaps and "\n" in passage.text[gaps[0].start() : gaps[-1].start()]:
            hint = msg("findings.columns-of-spaces", mark="|")
            yield hit_in(passage, message, found[0][0], hint, at=found[0].start())
        else:
            hint = msg("findings.doubled-space-fix")
            yield from (hit_in(passage, message, each[0], hint, at=each.start()) for each in found)


def space_inside(reading: LintInput) -> Iterator[RuleHit]:
    """A space inside brackets or quotation marks, but none in an empty box."""
    pattern = r"(?<!\S)\S*(?<![(\[]) [)\]»]|[(\[«] (?![)\]])\S*"
    yield from matches(reading, pattern, msg("findings.space-inside"), msg("findings.space-inside-fix"))


def space_before_mark(reading: LintInput) -> Iterator[RuleHit]:
    """Find a space before a comma or full stop, which belongs after it."""
    pattern = r"(?<!\w)\w+ (?:[,;](?=[\s\w])|\.(?=\s|$))|(?<![\w-])[^\W\d_]+ [:!?](?=\s|$)"
    yield from matches(reading, pattern, msg("findings.space-before-mark"), msg("findings.space-before-mark-hint"))


def stray_bar(reading: LintInput) -> Iterator[RuleHit]:
    """Find an upright bar that is left over from a web page or a table."""
    yield from matches(reading, r"(?<!\S)\S*\|", msg("findings.stray-bar", mark="|"), msg("findings.stray-bar-fix"))


def hanging_hyphen(reading: LintInput) -> Iterator[RuleHit]:
    """Find `helse - og` for `helse- og`, and `12- 25` for `12–25`."""
    pattern = r"(?<!\w)\w+ - og \w+|(?<!\d)\d+- \d+"
    yield from matches(reading, pattern, msg("findings.hanging-hyphen"), msg("findings.hanging-hyphen-fix"))
    yield from matches(reading, _BROKEN_WORD, msg("findings.broken-word"), msg("findings.broken-word-hint"))


def mixed_quotes(reading: LintInput) -> Iterator[RuleHit]:
    """Find quotation marks of another kind than the rest of the issue: Norwegian and Sami have « »."""
    straight = [passage for passage in reading.all_passages() if passage.text.count('"') >= 2]
    if straight and any("«" in passage.text for passage in reading.all_passages()):
        message = msg("findings.mixed-quotes", mark='"')
        if words := re.search(r'"[^"]*"', straight[0].text):
            yield hit_in(straight[0], message, words[0], msg("findings.mixed-quotes-hint"), at=words.start())


def unbalanced(reading: LintInput) -> Iterator[RuleHit]:
    """A bracket or quotation mark without its partner; the brackets of `a)`, `1)` and `*)` need none."""
    for passage in reading.all_passages():
        text = passage.text
        bare = _without_quoted(text)
        counts = Counter(bare)
        for left, right in ("()", "«»", "“”", "„“", "[]"):
            spare = len(re.findall(r"(?<![\w(])(?:\w{1,2}|\*{1,3})\)|(?<=\w)\*{1,3}\)", text)) if right == ")" else 0
            closing = 0 if left == "„" else counts[right]
            if not closing - spare <= counts[left] <= closing:
                alone = left if counts[left] > closing else right
                words, at = _around(text, bare.rindex(alone))
                message, hint = msg("findings.unbalanced", left=left, right=right), msg("findings.unbalanced-hint")
                yield hit_in(passage, message, words, hint, at=at)
        if counts['"'] % 2 and not _INCHES.search(bare):
            message, hint = msg("findings.odd-quotes", mark='"'), msg("findings.odd-quotes-hint")
            words, at = _around(text, text.rindex('"'))
            yield hit_in(passage, message, words, hint, at=at)


def _without_quoted(text: str) -> str:
    """Return a text, as long as it was, without the quotation marks that stand around words, or for other signs."""
    text = _GARBLED.sub(lambda match: "\0" * len(match[0]), text)
    for _ in range(_WITHIN_EACH_OTHER):
        text = _QUOTED.sub(lambda match: f"\0{match[0][1:-1]}\0", text)
    return text


def _around(text: str, at: int) -> tuple[str, int]:
    """Return the word that holds the sign at a place, and where it begins."""
    start, end = text.rfind(" ", 0, at) + 1, text.find(" ", at)
    return text[start : None if end < 0 else end], start
