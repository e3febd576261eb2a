"""What a key ring signs it verifies, also after a new key; nothing else verifies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.keys import KeyRing

OLD, NEW, OTHER = b"an old key of 16 bytes", b"a new key of 16 bytes.", b"somebody else's 16 bytes"
ring = KeyRing((NEW, OLD))
texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(texts, st.lists(texts, max_size=4), st.integers(8, 32))
def test_what_was_signed_verifies(purpose: str, parts: list[str], size: int) -> None:
    mac = ring.sign(purpose, *parts, size=size)
    assert len(mac) == size
    assert ring.verify(mac, purpose, *parts, size=size)


@given(texts, st.lists(texts, max_size=3), texts, st.lists(texts, max_size=3))
def test_only_the_same_parts_in_the_same_places_verify(
    purpose: str, parts: list[str], other: str, others: list[str]
) -> None:
    mac = ring.sign(purpose, *parts)
    assert ring.verify(mac, other, *others) == ((purpose, parts) == (other, others))


@pytest.mark.parametrize("parts", [("a", "bc"), ("abc",), ("ab", "c", ""), ("", "ab", "c")])
def test_letters_do_not_move_from_part_to_part(parts: tuple[str, ...]) -> None:
    assert not ring.verify(ring.sign("p", "ab", "c"), "p", *parts)


@given(st.binary(max_size=40))
def test_invented_bytes_do_not_verify(mac: bytes) -> None:
    assert not ring.verify(mac, "p", "a")


def test_the_newest_key_signs_and_every_key_verifies() -> None:
    assert ring.sign("p", "a") == KeyRing((NEW,)).sign("p", "a")
    assert ring.verify(KeyRing((OLD,)).sign("p", "a"), "p", "a")
    assert not ring.verify(KeyRing((OTHER,)).sign("p", "a"), "p", "a")


def test_a_shorter_mac_is_another_one() -> None:
    assert not ring.verify(ring.sign("p", "a", size=10), "p", "a", size=16)
    assert not ring.verify(ring.sign("p", "a", size=16), "p", "a", size=10)
    assert not ring.verify(b"", "p", "a")


@pytest.mark.parametrize("size", [0, 7, 33])
def test_a_mac_too_short_to_trust_or_longer_than_sha256_is_a_mistake(size: int) -> None:
    with pytest.raises(ValueError, match="8 to 32"):
        ring.sign("p", size=size)
    with pytest.raises(ValueError, match="8 to 32"):
        ring.verify(b"", "p", size=size)


@pytest.mark.parametrize("keys", [(), (b"short",), (NEW, b"")])
def test_a_ring_without_good_keys_cannot_be_made(keys: tuple[bytes, ...]) -> None:
    with pytest.raises(ValueError, match="key"):
        KeyRing(keys)


def test_keys_are_never_printed() -> None:
    assert "key of 16" not in repr(ring)
    assert "key of 16" not in str(ring)
