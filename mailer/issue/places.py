"""Finds where words stand in a file, by line and column: each occurrence has a place of its own."""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate, islice

LETTERS_SEARCHED = 200
"""Letters by which a place is found: more would tell no more, and a pattern of thousands costs seconds."""
_LONE_SPACE = re.compile(r"(?<!\\[ \n])\\[ \n](?!\\[ \n])")
_GAP = r"(?:[^\S\n]|[ \t\\]*\n[ \t>]*)"
"""A space of any kind, or the end of a line with what a quotation begins the next with."""
_MARKS = frozenset("*_`~[]<>\\\0")
_MARKUP = r"""(?:[*_`~\[\]<>\\]|\0+(?:[ \t]+"[^"\n]*+")?+\)?+)*+"""
"""Marks of Markdown, and what is blanked because nobody reads it."""
_TITLE = re.compile(r"\0[ \t]+\"")
_MARKUP_RUN = re.compile(rf"(?=[*_`~\[\]<>\\\0]){_MARKUP}")
LETTERS_WITH_MARKS = 20
"""Letters by which words are found that hold a mark themselves: each makes its pattern longer."""
FENCE_LINE = r"^[ \t]{0,3}\+\+\+[^\S\n]*$"
"""The line above and below the facts of an item."""
_FACTS = re.compile(rf"\A\s*{FENCE_LINE}\n(.*?){FENCE_LINE}", re.DOTALL | re.MULTILINE)
_KEY = re.compile(r"(?:^|(?<=[{,]))[ \t]*[\w.-]+[ \t]*=|^[ \t]*#[^\n]*", re.MULTILINE)
_KEY_BLANK = "\1"
"""In place of the name of a fact: the quoted words behind it are no title of a link."""
_UNREAD = re.compile(
    r"(?<=\])\((?:[^()\s\\]|\\.|\([^()\s]*\))*+"  # where a link leads
    r"|\[\^[^\]\s]+\]"  # the mark of a footnote
    r"|\{\s*lang\s*=[^{}\n]*\}|<!--(?:(?!-->).)*+(?:-->|(?P<open>\Z))",
    re.DOTALL,
)


class Occurrences:
    """The places where words begin, in order: each is looked for once, however often it is asked for."""

    def __init__(self, places: Iterator[int]) -> None:
        self._rest = places
        self._found: list[int] = []

    def nth(self, number: int) -> int | None:
        """Return the place that comes after so many others."""
        self._found += islice(self._rest, max(number + 1 - len(self._found), 0))
        return self._found[number] if number < len(self._found) else None

    def before(self, at: int) -> int:
        """Return how many there are before a place."""
        while not self._found or self._found[-1] < at:
            further = next(self._rest, None)
            if further is None:
                break
            self._found.append(further)
        return bisect_left(self._found, at)


def occurrences(text: str, words: str, *, start: int = 0) -> Occurrences:
    """Return where words begin in a text from `start` on, also where a line ends between two of them."""
    return Occurrences(_found(text, words, _pattern(words), start))


def _found(text: str, words: str, pattern: str, start: int) -> Iterator[int]:
    """Yield where a pattern matches that begins with the first of the words: only there it is tried."""
    compiled, first = re.compile(pattern), _searched(words).split(maxsplit=1)[0]
    at = text.find(first, start)
    while at >= 0:
        if compiled.match(text, at):
            yield at
        at = text.find(first, at + 1)


def _pattern(words: str) -> str:
    return _LONE_SPACE.sub(lambda _: _GAP, re.escape(_searched(words)))


def _searched(words: str) -> str:
    return unicodedata.normalize("NFC", words.lstrip()[:LETTERS_SEARCHED])


def _marked(words: str) -> str:
    """Return a pattern of words that may have marks of Markdown between their letters.

    A mark in the words stands for itself alone, so that there is one way to match.
    """
    parts = re.findall(r"(?<! ) (?! )|[^ ]| +", _searched(words)[:LETTERS_WITH_MARKS])
    patterns = [_GAP if part == " " else re.escape(part) for part in parts]
    return "".join(
        pattern if at == 0 or part in _MARKS else f"{_MARKUP}{pattern}"
        for at, (part, pattern) in enumerate(zip(parts, patterns, strict=True))
    )


def _whole(words: str) -> str:
    """The pattern of words that are not part of longer ones; of an address that is no beginning of a longer one.

    A sign at the beginning, as of a footnote's mark, parts them from a word itself.
    """
    goes_on = r"[\w/?#%=&+~-]|[.:]\w" if "/" in words else r"[\w-]"
    begins = r"(?<![\w-])" if re.match(r"\s*[\w-]", words) else ""
    return rf"{begins}{_pattern(words)}(?!{goes_on})"


class Places:
    """A text that begins on line `first_line` of its file; `is_toml` when it is all facts, no Markdown.

    `told` counts what was told of it so far: by rule, message, words and line.
    """

    def __init__(self, text: str, *, first_line: int = 1, is_toml: bool = False) -> None:
        self.text = unicodedata.normalize("NFC", text)
        self.first_line = first_line
        self._is_toml = is_toml
        self.told: Counter[tuple[str, str, str, int]] = Counter()
        self._ended: dict[str, int] = {}
        self._bare: dict[tuple[str, int], Occurrences] = {}
        self._marked: dict[tuple[str, int], Occurrences] = {}

    def of(self, words: str, *, near: int = 0, nth: int = 0, after: str = "") -> tuple[int, int]:
        """Return line and column of words: from line `near` on, the occurrence after `nth` others, whole words first.

        `after` is what they stand behind if possible. Where there are fewer, the first there is; 0 and 0 for none.
        """
        if not words.strip():
            return 0, 0
        start = self._start_of(near)
        patterns = [rf"(?<={re.escape(after)}){_pattern(words)}"] if after else []
        patterns += [_whole(words), _pattern(words)]
        for number, begin in ((nth, start), (0, start), (0, 0)):
            for pattern in patterns:
                at = self._find(words, pattern, begin=begin, number=number)
                if at is not None:
                    return self._place(at)
        return self._of_marked(words, start=start, nth=nth) or (0, 0)

    def _find(self, words: str, pattern: str, *, begin: int, number: int) -> int | None:
        """Find the occurrence after so many others; what stands nowhere behind a place is looked for once."""
        if begin >= self._ended.get(pattern, len(self.text)):
            return None
        at = next(islice(_found(self.text, words, pattern, begin), number, None), None)
        if at is None and not number:
            self._ended[pattern] = begin
        return at

    def of_read(self, words: str, *, near: int, nth: int) -> tuple[int, int]:
        """The same for words that readers read: not in the names of facts, in comments and where links lead."""
        if not words.strip():
            return 0, 0
        start = self._start_of(near)
        if marked := self._of_marked(words, start=start, nth=nth):
            return marked
        if (words, start) not in self._bare:
            self._bare[words, start] = occurrences(self._read, words, start=start)
        at = self._bare[words, start].nth(nth)
        return self.of(words, near=near, nth=nth) if at is None else self._place(at)

    def _of_marked(self, words: str, *, start: int, nth: int) -> tuple[int, int] | None:
        if (words, start) not in self._marked:
            is_plain = _MARKS.isdisjoint(_searched(words)) and not self._has_titles
            self._marked[words, start] = (self._unmarked if is_plain else self._between_marks)(words, start)
        at = self._marked[words, start].nth(nth)
        return None if at is None else self._place(at)

    def _between_marks(self, words: str, start: int) -> Occurrences:
        return Occurrences(match.start() for match in re.compile(_marked(words)).finditer(self._read, start))

    def _unmarked(self, words: str, start: int) -> Occurrences:
        """Return where words without marks begin, found in the text without its marks."""
        parts = self._without_marks
        return Occurrences(map(parts.written_at, _found(parts.text, words, _pattern(words), parts.read_at(start))))

    @cached_property
    def _has_titles(self) -> bool:
        """Return whether a link or picture has a title: that of a picture is read, so it is no mark."""
        return bool(_TITLE.search(self._read))

    @cached_property
    def _without_marks(self) -> "_Parts":
        ends = [(match.start(), match.end()) for match in _MARKUP_RUN.finditer(self._read)]
        return _Parts(self._read, [0, *(end for _, end in ends)], [*(start for start, _ in ends), len(self._read)])

    @cached_property
    def _read(self) -> str:
        """Return the text with blanks in place of what no reader sees."""
        facts = _FACTS.match(self.text)
        end = len(self.text) if self._is_toml else facts.end() if facts else 0
        facts_read = _blanked(_KEY, self.text[:end], blank=_KEY_BLANK)
        return _blanked(_UNREAD, facts_read) + _blanked(_UNREAD, self.text[end:])

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(found.end() for found in re.finditer("\n", self.text))]

    @cached_property
    def lines(self) -> list[str]:
        """The text line by line."""
        return self.text.split("\n")

    def _start_of(self, line: int) -> int:
        number = max(line - self.first_line, 0)
        return self._starts[number] if number < len(self._starts) else len(self.text)

    def _place(self, at: int) -> tuple[int, int]:
        number = bisect_right(self._starts, at)
        return number - 1 + self.first_line, at - self._starts[number - 1] + 1


class _Parts:
    """Parts of a text, put together, and where each place in them was written."""

    def __init__(self, written: str, begins: Sequence[int], ends: Sequence[int]) -> None:
        self.text = "".join(written[begin:end] for begin, end in zip(begins, ends, strict=True))
        self._written = begins
        lengths = (end - begin for begin, end in zip(begins, ends, strict=True))
        self._read = [0, *accumulate(lengths)]

    def written_at(self, at: int) -> int:
        """Return where the place `at` of the parts was written."""
        part = bisect_right(self._read, at) - 1
        return self._written[part] + at - self._read[part]

    def read_at(self, at: int) -> int:
        """Return the place in the parts of what was written at `at`, or of the next that is in one."""
        part = bisect_right(self._written, at) - 1
        return min(self._read[part] + at - self._written[part], self._read[part + 1])


def _blanked(pattern: re.Pattern[str], text: str, *, blank: str = "\0") -> str:
    return pattern.sub(lambda found: found[0] if found.lastgroup == "open" else re.sub(r"[^\n]", blank, found[0]), text)
