from hypothesis import given
from hypothesis import strategies as st

from mailer.spreadsheets.formulas import defuse, restore


@given(cell=st.text(alphabet="'=+-@\t\rab 1", max_size=12))
def test_defusing_can_be_undone_and_leaves_nothing_to_calculate(cell: str) -> None:
    assert restore(defuse(cell)) == cell
    assert not defuse(cell).startswith(("=", "+", "-", "@", "\t", "\r"))
