"""Debris of programs, in `mail_programs` and `office`, is looked for only where one of its words stands."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailer.issue.lint.mail_programs import OF_MAILS, debris_in
from mailer.issue.lint.office import OFFICE, Debris


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("debris", [*OF_MAILS, *OFFICE], ids=lambda each: each.words[0])
@settings(max_examples=100, suppress_health_check=[*HealthCheck], deadline=None)
@given(data=st.data())
def test_one_of_its_words_stands_in_all_that_debris_may_be(debris: Debris, data: st.DataObject) -> None:
    match = data.draw(st.from_regex(debris.pattern).map(debris.pattern.search).filter(bool))
    assert isinstance(match, re.Match)
    assert any(word in match[0].casefold() for word in debris.words)


def test_debris_is_found_whatever_letters_it_has() -> None:
    found = [(each.message, match[0]) for each, match in debris_in("SENDT FRA MIN iPhone. CID:a@b")]
    assert [words for _, words in found] == ["CID:a@b", "SENDT FRA MIN iPhone"]
