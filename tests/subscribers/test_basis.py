"""The letter of GDPR art. 6(1) that a basis names."""

import pytest

from mailer.subscribers.basis import article_of


@pytest.mark.parametrize(
    ("basis", "article"),
    [
        ("e: public task, case 24/1234", "e"),
        ("A – signed up by e-mail", "a"),
        ("b", "b"),
        ("Art. 6 nr. 1 e – samhandling i helsefellesskapet", "e"),
        ("art. 6(1)(a)", "a"),
        ("GDPR artikkel 6 nr. 1 bokstav b, avtale", "b"),
        ("article 6(1)(f)", ""),
        ("avtale", ""),
        ("employees of the municipality", ""),
        ("", ""),
    ],
)
def test_the_letter_is_read_from_the_text(basis: str, article: str) -> None:
    assert article_of(basis) == article
