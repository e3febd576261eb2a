import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.nearest import did_you_mean, nearest

NAMES = st.text(alphabet=string.ascii_letters + "æøå-_", min_size=1, max_size=12)


@given(st.lists(NAMES, unique_by=str.casefold, min_size=1, max_size=6), st.data())
def test_a_known_name_in_any_case_is_nearest_to_itself(known: list[str], data: st.DataObject) -> None:
    chosen = data.draw(st.sampled_from(known))
    assert nearest(chosen.swapcase(), known) == [chosen]


@given(NAMES, st.lists(NAMES, max_size=6))
def test_only_known_names_are_suggested(name: str, known: list[str]) -> None:
    assert set(nearest(name, known, most=3)) <= set(known)


@pytest.mark.parametrize(
    ("slip", "known", "hint"),
    [
        ("osl", ["bergen", "oslo"], "Did you mean oslo?"),
        ("OSLOO", ["bergen", "oslo"], "Did you mean oslo?"),
        ("kontakt", ["contacts", "dates"], "Did you mean contacts?"),
        ("x", ["oslo"], ""),
        ("x", [], ""),
    ],
)
def test_the_nearest_name_is_suggested_if_one_is_near(slip: str, known: list[str], hint: str) -> None:
    assert did_you_mean(slip, known) == hint


def test_the_suggestion_stands_in_the_form_it_is_written_in() -> None:
    assert did_you_mean("smpt", ["smtp"], write="[{}]") == "Did you mean [smtp]?"
