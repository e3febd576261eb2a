import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture import providers

pytestmark = pytest.mark.skipif("MAILER_TEST_SOAK" in os.environ, reason="a soak tries new examples each time")


def test_the_normal_run_tries_the_same_examples_each_time() -> None:
    tried: list[str] = []

    @given(st.text())
    @settings(max_examples=20)
    def collect(text: str) -> None:
        tried.append(text)

    collect()
    once = tried.copy()
    tried.clear()
    collect()
    assert len(once) >= 20
    assert tried == once


def test_examples_hold_no_words_and_numbers_of_our_own_modules() -> None:
    """So that a change of the code cannot turn a test red that has nothing to do with it."""
    assert list(providers.HypothesisProvider(None)._local_constants) == []
