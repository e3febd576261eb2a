"""The letter of GDPR art. 6(1) that a basis names."""

import pytest

from mailer.subscribers.facts.basis import BasisError, article_of, require_basis


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
        ("e-post fra kommunen 3. mai", ""),
        ("e-postliste 2023", ""),
        ("A-listen fra Kari", ""),
        ("Art. 6 nr. 1 c – plikt, se også art. 6 nr. 1 e", ""),
        ("employees of the municipality", ""),
        ("", ""),
    ],
)
def test_the_letter_is_read_from_the_text(basis: str, article: str) -> None:
    assert article_of(basis) == article


@pytest.mark.parametrize(
    "basis",
    [
        "a: signed up",
        "B: agreement 24/1",
        "e) case 24/1",
        "E – sak 1",
        "Art. 6 nr. 1 e – samhandling",
        "e: art. 6(1)(e)",
    ],
)
def test_a_letter_with_a_reference_is_taken_as_it_is_written(basis: str) -> None:
    assert require_basis(basis) == basis


@pytest.mark.parametrize(
    "basis",
    [
        *("", " ", "e", "e:", "a: –", "f: interest", "avtale", "kommune e: x", "e-post i går", "B-listen"),
        *("Art. 6 nr. 1 bokstav e", "art. 6(1)(a).", "Art. 6 nr. 1 c – plikt, se også art. 6 nr. 1 e"),
    ],
)
def test_anything_else_is_refused_with_the_three_forms(basis: str) -> None:
    with pytest.raises(BasisError) as refused:
        require_basis(basis)
    assert all(each in refused.value.hint for each in ("a: ", "b: ", "e: ", "consent", "contract", "public task"))


@pytest.mark.parametrize(
    ("basis", "what"),
    [
        (" ", "the basis is missing"),
        ("avtale" * 14, f"the basis '{'avtale' * 13}av' begins with none of "),
        (f"e:{' ' * 90}.", f"the basis 'e:{' ' * 78}' has no reference"),
    ],
)
def test_what_a_basis_lacks_is_said_with_its_beginning(basis: str, what: str) -> None:
    with pytest.raises(BasisError) as refused:
        require_basis(basis)
    assert refused.value.what.startswith(what)
