"""Code and catalogues say the same, in sentences that our own rules for wording find nothing in."""

import ast
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from mailer.issue.lint.language import other_form
from mailer.issue.lint.passages import passages_of
from mailer.issue.lint.prose import repeated_word
from mailer.issue.lint.reading import LintInput
from mailer.issue.lint.wording import (
    doubled_space,
    hanging_hyphen,
    lost_letter,
    mixed_quotes,
    space_before_mark,
    space_inside,
    stray_bar,
    unbalanced,
)
from mailer.issue.model import Paragraph, Text
from mailer.issue.source import read_issue
from mailer.languages import Lang
from tests.catalogue import sentences
from tests.catalogue.sentences import PLACEHOLDER

LONGEST_SENTENCE = 20
TO_TYPE = re.compile(r"""= ?"[^"]*"|\["[^"]*"\]|"\d[^"]*\"""")
"""Values as they are typed into a file, in straight quotation marks."""
OUR_RULES = (
    doubled_space,
    hanging_hyphen,
    lost_letter,
    other_form,
    repeated_word,
    space_before_mark,
    space_inside,
    stray_bar,
    unbalanced,
)


def norwegian() -> list[tuple[Lang, str, str]]:
    """Every form of every Norwegian text, with its id, and a name in place of what is filled in."""
    langs: dict[str, Lang] = {"nb": "nb", "nn": "nn"}
    return [
        (langs[text.lang], text.id, TO_TYPE.sub("=", PLACEHOLDER.sub(lambda name: name[1].capitalize(), form)))
        for text in sentences.texts()
        if text.lang in langs
        for form in text.forms
    ]


def test_code_and_catalogues_fit_each_other() -> None:
    assert list(sentences.mistakes()) == []


def test_no_module_says_more_past_the_catalogues_than_before_and_the_list_shrinks_with_it() -> None:
    found, allowed = sentences.remaining(), sentences.allowed()
    wrong = {name: found.get(name, 0) for name in found.keys() | allowed if found.get(name, 0) != allowed.get(name, 0)}
    more = [name for name in wrong if wrong[name] > allowed.get(name, 0)]
    assert not more, f"say these with msg(…), see `poe messages {more[0]}`: {more}"
    assert not wrong, (
        f"well done: write these numbers into {sentences.NOT_YET.name} (or `poe messages --write`): {wrong}"
    )


def test_norwegian_sentences_are_short() -> None:
    long = [
        (lang, id_, sentence)
        for lang, id_, text in norwegian()
        for sentence in re.split(r"(?<=[.!?])\s", text)
        if len(sentence.split()) > LONGEST_SENTENCE
    ]
    assert long == []


@pytest.mark.parametrize("lang", ["nb", "nn"])
def test_our_own_rules_for_words_find_nothing_in_norwegian(lang: Lang, repository: Path) -> None:
    (small, *_) = sorted((repository / "issues").iterdir())
    issue = read_issue(small, helsefellesskap=[], publisher="x").issue
    assert issue is not None

    def as_read(*paragraphs: Paragraph) -> LintInput:
        item = replace(issue.items[0], lang=lang, body=paragraphs, title="")
        written = replace(issue, sections=(replace(issue.sections[0], items=(item,)),))
        return LintInput(
            issue=written, day=date(2024, 1, 1), passages={item.file: passages_of(written)[item.file]}, inside=()
        )

    texts = [(id_, text) for each, id_, text in norwegian() if each == lang]
    body = [Paragraph((Text(text),), line=number) for number, (_, text) in enumerate(texts)]
    whole = as_read(*body)
    slips = [slip for rule in OUR_RULES for slip in rule(whole)]
    slips += [slip for each in body for slip in mixed_quotes(as_read(each))]  # what is to be typed has other quotes
    assert [(texts[slip.line], str(slip.message), slip.words) for slip in slips] == []


def test_nynorsk_has_one_form_for_her_and_it_where_they_are_no_subject() -> None:
    after, before = r"\b(?:til|i|med|på|frå|av|over|under) ho\b", r"\bho(?=[.,;:!?]|$)"
    order = r"(?:^|[.:] )(?!Sidan|Når|Før|Dersom|Viss|Om)\w+ ho\b"
    is_object = re.compile(f"{after}|{before}|{order}", re.IGNORECASE)
    nynorsk = [text for lang, _, text in norwegian() if lang == "nn"]
    assert [text for text in nynorsk if is_object.search(text)] == []
    assert any("henne" in text for text in nynorsk)


def test_the_search_finds_sentences_that_bypass_the_catalogues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentences, "ROOT", tmp_path)
    file = tmp_path / "module.py"
    file.write_text(
        """\
TABLE = {'a': 'Of a table.'}
def f(x):
    hint = f'First: {x}'
    say(msg('output.error'), 'bold')
    say(TABLE[x])
    say('done' if x == 'not this one' else 'Not done.', 'red')
    show_pairs({'Label': x})
    say('mailer resume 2023-12')
    raise SomeError('it is broken', hint=hint)
""",
        "utf-8",
    )
    module = sentences.Module(path=file, errors=frozenset({"SomeError"}))
    found = [ast.unparse(each) for each in module.sentences()]
    assert found == ["'Of a table.'", "f'First: {x}'", "'Not done.'", "'Label'", "'it is broken'"]
