"""Values that spill into a file: any kind that JSON can say, in their order."""

from mailer.spilled import Spilled


def test_spilled_values_equal_the_same_in_any_sequence() -> None:
    numbers = Spilled[int](pack=str, unpack=int)
    assert numbers == ()
    for each in range(1_500):
        numbers.append(each)
    assert (numbers == [*range(1_500)], numbers == range(1_499), numbers == range(1, 1_501)) == (True, False, False)
    assert numbers != dict.fromkeys(range(1_500))
