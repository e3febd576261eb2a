"""The encoding behind the edition hash: no two editions are the same bytes, and no order plays a part."""

from collections.abc import Mapping
from hashlib import sha256
from io import BytesIO
from random import Random

from hypothesis import assume, given
from hypothesis import strategies as st

from mailer.editions import identity
from mailer.editions.identity import encode_parts, hash_edition

PARTS = st.dictionaries(st.text(max_size=8), st.binary(max_size=12), max_size=6)


def encoded(parts: Mapping[str, bytes]) -> bytes:
    return b"".join(encode_parts(parts))


def decoded(data: bytes) -> dict[str, bytes]:
    """Read by the description alone: pieces behind lengths of 8 bytes, in pairs of name and content."""
    stream, pieces = BytesIO(data), []
    while length := stream.read(8):
        pieces.append(stream.read(int.from_bytes(length, "big")))
    return {name.decode(): content for name, content in zip(pieces[::2], pieces[1::2], strict=True)}


@given(PARTS)
def test_every_part_can_be_read_out_of_the_bytes_again(parts: dict[str, bytes]) -> None:
    assert decoded(encoded(parts)) == parts


@given(PARTS, st.randoms())
def test_the_order_of_the_parts_plays_no_part(parts: dict[str, bytes], random: Random) -> None:
    names = list(parts)
    random.shuffle(names)
    assert hash_edition({each: parts[each] for each in names}) == hash_edition(parts)


@given(PARTS, PARTS)
def test_two_different_editions_have_two_hashes(one: dict[str, bytes], other: dict[str, bytes]) -> None:
    assume(one != other)
    assert hash_edition(one) != hash_edition(other)


@given(PARTS, st.text(max_size=8), st.binary(max_size=12), st.integers(0, 12))
def test_a_byte_that_moves_from_one_part_to_the_next_makes_another_edition(
    parts: dict[str, bytes], name: str, content: bytes, cut: int
) -> None:
    whole = parts | {f"{name}0": content, f"{name}1": b""}
    moved = parts | {f"{name}0": content[:cut], f"{name}1": content[cut:]}
    assert (hash_edition(whole) == hash_edition(moved)) == (whole == moved)


def test_the_hash_begins_with_its_scheme_so_that_another_scheme_matches_nothing_of_before() -> None:
    parts = {"a": b"b"}
    joined = (1).to_bytes(8, "big") + b"a" + (1).to_bytes(8, "big") + b"b"
    assert hash_edition(parts) == f"{identity.SCHEME}:{sha256(joined).hexdigest()}"
    assert len(hash_edition(parts)) <= 80, "what its column holds"
