"""Lines that spill into a file: they are those that were added, however many there are and however they are read."""

from dataclasses import replace
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer import spilled
from mailer.catalogue import msg
from mailer.subscribers.facts.changes import Change
from mailer.subscribers.imports.model import ImportLine, Outcome
from mailer.subscribers.imports.spilled import SpilledLines

WORDS = st.text(max_size=20)
LINES = st.builds(
    ImportLine,
    file=WORDS,
    line=st.integers(1, 10**6),
    outcome=st.sampled_from(Outcome),
    address=WORDS,
    list=WORDS,
    reason=st.one_of(st.just(""), st.builds(lambda words: msg("people.not-a-subscriber", address=words), WORDS)),
    changes=st.lists(st.builds(Change, field=WORDS, old=WORDS, new=WORDS), max_size=2).map(tuple),
    cells=st.dictionaries(WORDS, WORDS, max_size=2),
)


def spill(lines: list[ImportLine]) -> SpilledLines:
    kept = SpilledLines()
    for each in lines:
        kept.append(each)
    return kept


@given(st.lists(LINES, max_size=8))
def test_lines_in_a_file_are_those_that_were_added(lines: list[ImportLine]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spilled, "IN_MEMORY", 2)
        kept = spill(lines)
        assert [*kept] == lines
        assert [[*kept] for _ in islice(kept, 3)] == [lines for _ in lines[:3]]  # read while it is being read
        assert [getattr(each.reason, "id", "") for each in kept] == [getattr(each.reason, "id", "") for each in lines]


def test_lines_are_counted_and_looked_up_and_may_come_after_a_look() -> None:
    line = ImportLine(file="a.csv", line=1, outcome=Outcome.NEW)
    kept = spill([replace(line, line=number) for number in range(2_500)])
    assert (len(kept), kept[0].line, kept[2_400].line, [each.line for each in kept[1_998:2_001]]) == (
        2_500,
        0,
        2_400,
        [1998, 1999, 2000],
    )
    kept.append(replace(line, line=7))
    assert [each.line for each in kept][-2:] == [2_499, 7]
    for index in (-1, 2_501):
        with pytest.raises(IndexError):
            kept[index]


def test_only_the_first_thousand_stay_in_memory() -> None:
    line = ImportLine(file="a.csv", line=1, outcome=Outcome.NEW)
    made = (replace(line, line=number) for number in range(3_000))
    kept: Any = spill([*made])
    assert (len(kept._first), kept._file.seek(0, 2) > 2_000 * 50) == (1_000, True)


def test_none_are_none() -> None:
    assert ([*SpilledLines()], len(SpilledLines()), bool(SpilledLines())) == ([], 0, False)
