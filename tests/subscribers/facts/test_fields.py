"""Every column that a file may have is called something in each language."""

import pytest

from mailer.catalogue import LANGS, render
from mailer.subscribers.facts.fields import name_of_field
from mailer.subscribers.files.columns import COLUMNS


@pytest.mark.parametrize("column", COLUMNS)
def test_a_column_has_a_name_in_each_language(column: str) -> None:
    name = name_of_field(column)
    assert name == column
    assert all(render(name, lang) != name.id for lang in LANGS)


def test_the_name_is_one_under_which_a_file_may_have_the_column() -> None:
    """So that an editor finds it there."""
    for column, headers in COLUMNS.items():
        assert {render(name_of_field(column), lang) for lang in ("nb", "nn")} <= {*headers}
