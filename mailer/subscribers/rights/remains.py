"""Look for an erased person in the files of the database, byte by byte, once they have been written anew."""

import json
from collections.abc import Collection, Iterator
from pathlib import Path

from mailer.database.cleaning import own_files
from mailer.database.engine import Database
from mailer.subscribers.rights.mentions import values_with
from mailer.subscribers.rights.searching import PIECE
from mailer.subscribers.rights.spellings import AROUND, Word, decode, fold, words_of

_OVERLAP = 4096


def files_with_remains(database: Database, words: Collection[str]) -> tuple[Path, ...]:
    """Return the files of a SQLite database in which one of the words still stands; PostgreSQL's cannot be read.

    An address that is part of another person's is no remains of it. Values stand directly behind each other there, so
    its surroundings tell only when they are compared with the values that are stored.
    """
    if not database.is_sqlite:
        return ()
    texts = [each.text for each in words_of(words)]
    wanted = [Word(form) for each in texts for form in dict.fromkeys((each, _in_json(each)))]
    files = sorted(each for each in own_files(database) if each.is_file())
    found = {file: {word: set(_surroundings(file, word)) for word in wanted} for file in files}
    longer = _read_longer(database, {word for words in found.values() for word, around in words.items() if around})
    return tuple(file for file, words in found.items() if any(_is_itself(each, longer) for each in words.items()))


def _in_json(word: str) -> str:
    """Return a word as it stands within a text of JSON, without the quotation marks around it."""
    return json.dumps(word).removeprefix('"').removesuffix('"')


def _read_longer(database: Database, words: Collection[Word]) -> dict[Word, frozenset[tuple[str, str]]]:
    """Return what stands around each word in the values of others; asked for only where a word was found."""
    with database.reading() as connection:
        return {each: frozenset(_of_longer_ones(values_with(connection, each), each)) for each in words}


def _of_longer_ones(values: Iterator[tuple[str, bool]], word: Word) -> Iterator[tuple[str, str]]:
    """Yield the text before and behind the word in values that name another person."""
    for value, is_address in values:
        text = fold(value)
        for at in _places(text, word):
            before, after = _around(text, at, word)
            if word.is_longer(before, after) or (is_address and text != word.text):
                yield before, after


def _places(text: str, word: Word) -> Iterator[int]:
    at = text.find(word.text)
    while at >= 0:
        yield at
        at = text.find(word.text, at + 1)


def _around(text: str, at: int, word: Word) -> tuple[str, str]:
    end = at + len(word.text)
    return text[max(0, at - AROUND) : at], text[end : end + AROUND]


def _surroundings(file: Path, word: Word) -> Iterator[tuple[str, str]]:
    """Yield the text before and behind each place of the word in a file; of a piece's end also with the next one."""
    with file.open("rb") as opened:
        content = opened.read(PIECE)
        while content:
            following = opened.read(PIECE)
            if word.may_stand_in(content.lower()):
                text = fold(decode(content))
                yield from (_around(text, at, word) for at in _places(text, word))
            content = content[-_OVERLAP:] + following if following else b""


def _is_itself(found: tuple[Word, set[tuple[str, str]]], longer: dict[Word, frozenset[tuple[str, str]]]) -> bool:
    """Return whether the word stands somewhere without being part of a longer value."""
    word, surroundings = found
    return any(not any(_fits(each, known) for known in longer[word]) for each in surroundings)


def _fits(found: tuple[str, str], known: tuple[str, str]) -> bool:
    """Return whether a value may be the known one; a piece of the file may end within it."""
    (before, after), (left, right) = found, known
    at_end = len(after) < AROUND and right.startswith(after)
    at_beginning = len(before) < AROUND and left.endswith(before)
    return (before.endswith(left) or at_beginning) and (after.startswith(right) or at_end)
