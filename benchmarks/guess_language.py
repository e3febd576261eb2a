"""How often the language of a text is guessed right: the items of both newsletters and 200 sentences, ours beside CLD2.

uv run --with pycld2 python benchmarks/guess_language.py
"""

import sys
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from mailer.issue.lint.guessing import TIMES_THE_NEXT, WORDS_TO_GUESS_BY, count_signs, guess_language
from mailer.issue.lint.language import own_words
from mailer.issue.lint.passages import passages_of
from mailer.issue.source import read_issue

REPOSITORY = Path(__file__).resolve().parent.parent
Guess = Callable[[str], str | None]
Texts = list[tuple[str, str]]
CODES_OF_CLD2 = {"no": "nb", "nn": "nn", "en": "en"}


def by_cld2(text: str) -> str | None:
    is_reliable, _, found = import_module("pycld2").detect(text, bestEffort=True)
    return CODES_OF_CLD2.get(found[0][1]) if is_reliable else None


def by_one_sign(text: str) -> str | None:
    """As the rule guesses, but of a single sentence, by one sign."""
    (lang, most), (_, next_most) = count_signs(text).most_common(2)
    return lang if most and most >= TIMES_THE_NEXT * next_most else None


def items() -> Iterator[tuple[str, str, list[str]]]:
    """Of each item its language, its words, and those of its paragraphs."""
    register = tomllib.loads((REPOSITORY / "subscribers" / "helsefellesskap.toml").read_text("utf-8"))
    slugs = [each["slug"] for each in register["helsefellesskap"]]
    for slug in ("2022-02", "2023-12"):
        issue = read_issue(REPOSITORY / "issues" / slug, helsefellesskap=slugs, publisher="Helsedirektoratet").issue
        assert issue is not None
        passages = passages_of(issue)
        for item in issue.items:
            yield item.lang, own_words(passages[item.slug]), [own_words([each]) for each in passages[item.slug]]


def runs(sentences: list[list[str]], number: int) -> Texts:
    """Texts of so many sentences of one language and source that follow each other."""
    found = []
    for kind in dict.fromkeys((lang, source) for lang, source, _ in sentences):
        words = [text for lang, source, text in sentences if (lang, source) == kind]
        found += [(kind[0], " ".join(words[at : at + number])) for at in range(len(words) - number + 1)]
    return [(lang, text) for lang, text in found if len(text.split()) >= WORDS_TO_GUESS_BY]


def tell(name: str, texts: Texts, guesses: dict[str, Guess]) -> None:
    for who, guess in guesses.items():
        began = time.perf_counter()
        found = Counter("silent" if (one := guess(text)) is None else one == lang for lang, text in texts)
        spent = (time.perf_counter() - began) / len(texts) * 1e6
        figures = f"{found[True]:4} right {found['silent']:4} silent {found[False]:4} wrong"
        print(f"{name:34} {len(texts):4} texts  {who:5} {figures}  {spent:6.0f} µs each")


def main() -> int:
    cld2: dict[str, Guess] = {"CLD2": by_cld2} if find_spec("pycld2") else {}
    rows = [line.split("\t") for line in (REPOSITORY / "tests/data/sentences.tsv").read_text("utf-8").splitlines()[1:]]
    everything = list(items())
    paragraphs = [(lang, text) for lang, _, each in everything for text in each]
    long_ones = [(lang, text) for lang, text in paragraphs if len(text.split()) >= WORDS_TO_GUESS_BY]
    ours: dict[str, Guess] = {"ours": guess_language}
    tell("items", [(lang, text) for lang, text, _ in everything], ours | cld2)
    tell(f"paragraphs of {WORDS_TO_GUESS_BY} words or more", long_ones, ours | cld2)
    for number in (3, 5, 8):
        tell(f"{number} sentences on end", runs(rows, number), ours | cld2)
    tell("single sentences, by one sign", [(lang, text) for lang, _, text in rows], {"ours": by_one_sign} | cld2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
