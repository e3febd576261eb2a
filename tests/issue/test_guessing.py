from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.issue.lint.guessing import WORDS_TO_GUESS_BY, count_signs, guess_language
from mailer.issue.lint.language import own_words
from mailer.issue.lint.passages import passages_of
from mailer.issue.source import read_issue

SENTENCES = Path(__file__).parents[1] / "data" / "sentences.tsv"


def sentences() -> list[tuple[str, str, str]]:
    """The language of a sentence, the newsletter it is from or *written*, and its words."""
    rows = [line.split("\t") for line in SENTENCES.read_text("utf-8").splitlines()[1:]]
    return [(lang, source, words) for lang, source, words in rows]


def texts(number: int) -> Iterator[tuple[str, str]]:
    """Texts of so many sentences that follow each other, long enough to be guessed, with their language."""
    for lang, source in dict.fromkeys((lang, source) for lang, source, _ in sentences()):
        all_words = [words for each, origin, words in sentences() if (each, origin) == (lang, source)]
        for start in range(len(all_words) - number + 1):
            text = " ".join(all_words[start : start + number])
            if len(text.split()) >= WORDS_TO_GUESS_BY:
                yield lang, text


@pytest.mark.parametrize(("number", "share"), [(3, 0.85), (5, 0.98), (8, 1.0)])
def test_texts_of_several_sentences_are_known_and_none_is_taken_for_another_language(number: int, share: float) -> None:
    found = Counter(
        "silent" if (guess := guess_language(text)) is None else guess == lang for lang, text in texts(number)
    )
    assert found[False] == 0
    assert found[True] >= share * found.total()


def test_hardly_a_sentence_has_more_signs_of_another_language_than_of_its_own() -> None:
    counted = [(count_signs(words), lang, words) for lang, _, words in sentences()]
    misleading = [words for signs, lang, words in counted if max(signs.values()) > dict(signs)[lang]]  # type: ignore[index]
    assert len(misleading) <= 1, misleading  # one in nynorsk about a report whose title is bokmål


def test_of_thirty_published_items_one_is_not_known_and_none_is_misread(
    repository: Path, helsefellesskap: list[str]
) -> None:
    found: Counter[bool | None] = Counter()
    for slug in ("2022-02", "2023-12"):
        folder = repository / "issues" / slug
        issue = read_issue(folder, helsefellesskap=helsefellesskap, publisher="Helsedirektoratet").issue
        assert issue is not None
        passages = passages_of(issue)
        guesses = [(guess_language(own_words(passages[item.file])), item.lang) for item in issue.items]
        found.update(None if guess is None else guess == lang for guess, lang in guesses)
    assert found == {True: 29, None: 1}


@pytest.mark.parametrize("text", ["Kort tekst", "\0 " * 30, "12 " * 30, "Siden er tom. " * 30, ""])
def test_short_texts_and_what_is_no_text_are_not_guessed(text: str) -> None:
    assert guess_language(text) is None


def test_a_text_half_in_one_language_and_half_in_the_other_is_not_guessed() -> None:
    halves = [
        " ".join(w for lang, source, w in sentences() if (lang, source) == (one, "written")) for one in ("nb", "nn")
    ]
    assert guess_language(" ".join(halves)) is None


def test_northern_sami_is_told_from_norwegian() -> None:
    text = "Mii leat ráhkadan reivve mii muitala ahte čoahkkin lea Romssas, muhto eai buohkat sáhte boahtit dohko. "
    assert guess_language(text * 2) == "se"


@given(st.text(max_size=300), st.integers(1, 200))
def test_anything_can_be_asked_about(text: str, times: int) -> None:
    assert guess_language(text * times) in {None, "nb", "nn", "en", "se"}


def test_a_word_of_a_hundred_thousand_letters_is_looked_at_once() -> None:
    assert count_signs("a" * 100_000 + " " + "ikke").total() == 1
