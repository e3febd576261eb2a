"""What a report takes out of the texts in it."""

from typing import Any

import pytest

from mailer.usecases.support import cleaned


@pytest.mark.parametrize(
    ("value", "left"),
    [
        ('Kari <kari@a.example>, "k n"@b.example', "Kari … …"),
        ({"kari@a.example": ["x@y", 1, None, True, 0.5]}, {"…": ["…", 1, None, True, 0.5]}),
        (("/home/kari/utgaver", "/Users/kari"), ["~/utgaver", "~"]),
        ("C:\\Users\\Kari\\mailer og c:\\users\\ola", "~\\mailer og ~"),
        (
            "https://a.example/hook/sEcReT?x=1 og sqlite:///var/m.sqlite3",
            "https://a.example/… og sqlite:///var/m.sqlite3",
        ),
        ("https://a.example?k=sEcReT", "https://a.example/…"),
        ("/srv/home/utgaver, ./home/x", "/srv/home/utgaver, ./home/x"),
    ],
)
def test_addresses_and_folders_of_people_are_left_out_at_any_depth(value: Any, left: Any) -> None:
    assert cleaned(value) == left
