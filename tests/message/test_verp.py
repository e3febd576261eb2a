"""A return path names its delivery, fits into 64 characters, and cannot be invented."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.keys import KeyRing
from mailer.message.verp import ReturnPath, make_return_path, parse_return_path

BASE = "b@nyhetsbrev.example"
PLANNED = datetime(2023, 12, 1, 8, 0, tzinfo=UTC)


def planned_at(_mailing_id: int) -> datetime:
    return PLANNED


ids = st.integers(1, 2**63 - 1)


@given(ids, st.integers(1, 10**10))
def test_a_return_path_gives_its_delivery_back(keys: KeyRing, delivery_id: int, mailing_id: int) -> None:
    path = make_return_path(keys, base=BASE, mailing_id=mailing_id, delivery_id=delivery_id, planned_at=PLANNED)
    assert len(path.partition("@")[0]) <= 64
    found = ReturnPath(mailing_id=mailing_id, delivery_id=delivery_id)
    assert parse_return_path(keys, path, base=BASE, planned_at=planned_at) == found
    assert parse_return_path(keys, path.upper(), base=BASE, planned_at=planned_at) == found


@given(st.data())
def test_any_other_character_makes_it_forged(keys: KeyRing, data: st.DataObject) -> None:
    path = make_return_path(keys, base=BASE, mailing_id=7, delivery_id=12345, planned_at=PLANNED)
    at = data.draw(st.integers(0, len(path) - 1))
    other = data.draw(st.characters(exclude_categories=["Cs"]).filter(lambda each: each.lower() != path[at]))
    assert parse_return_path(keys, path[:at] + other + path[at + 1 :], base=BASE, planned_at=planned_at) is None


@given(st.text() | st.from_regex(r"b\+[0-9]{1,3}\.[0-9]{1,3}\.[a-z2-7]{16}@nyhetsbrev\.example", fullmatch=True))
def test_no_text_is_taken_for_a_return_path(keys: KeyRing, text: str) -> None:
    assert parse_return_path(keys, text, base=BASE, planned_at=planned_at) is None


def test_numbers_do_not_move_from_one_field_to_the_next(keys: KeyRing) -> None:
    path = make_return_path(keys, base=BASE, mailing_id=2, delivery_id=11, planned_at=PLANNED)
    assert parse_return_path(keys, path.replace("11.2.", "1.12."), base=BASE, planned_at=planned_at) is None
    assert parse_return_path(keys, path.replace("11.2.", "011.2."), base=BASE, planned_at=planned_at) is None
    assert parse_return_path(keys, path.replace("+11.2.", "+2.11."), base=BASE, planned_at=planned_at) is None


def test_the_return_path_of_a_test_send_names_no_delivery(keys: KeyRing) -> None:
    path = make_return_path(keys, base=BASE, mailing_id=0, delivery_id=0, planned_at=PLANNED)
    assert parse_return_path(keys, path, base=BASE, planned_at=planned_at) is None


def test_another_newsletters_return_path_is_not_ours(keys: KeyRing) -> None:
    path = make_return_path(keys, base="b@annet.example", mailing_id=2, delivery_id=11, planned_at=PLANNED)
    assert parse_return_path(keys, path, base=BASE, planned_at=planned_at) is None
    assert parse_return_path(keys, path.replace("annet", "nyhetsbrev"), base=BASE, planned_at=planned_at) is None


def test_a_return_path_holds_after_a_new_key_and_falls_with_its_own() -> None:
    old, new = b"an old key of 16 bytes", b"a new key of 16 bytes."
    path = make_return_path(KeyRing((old,)), base=BASE, mailing_id=1, delivery_id=2, planned_at=PLANNED)
    assert parse_return_path(KeyRing((new, old)), path, base=BASE, planned_at=planned_at)
    assert parse_return_path(KeyRing((new,)), path, base=BASE, planned_at=planned_at) is None


def test_a_base_that_leaves_no_room_is_a_mistake(keys: KeyRing) -> None:
    with pytest.raises(ValueError, match="too long"):
        make_return_path(keys, base=f"{'b' * 60}@x.example", mailing_id=1, delivery_id=1, planned_at=PLANNED)


moments = st.datetimes(timezones=st.just(UTC)) | st.none()


@given(moments, moments)
def test_a_return_path_of_the_same_numbers_from_before_a_backup_was_put_back_is_not_taken_for_it(
    keys: KeyRing, before: datetime | None, now: datetime | None
) -> None:
    path = make_return_path(keys, base=BASE, mailing_id=2, delivery_id=11, planned_at=before)
    found = parse_return_path(keys, path, base=BASE, planned_at={2: now}.get)
    assert found == (ReturnPath(mailing_id=2, delivery_id=11) if before == now else None)
