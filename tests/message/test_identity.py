"""A delivery keeps its Message-ID over all tries; no two deliveries share one."""

from itertools import product

from mailer.keys import KeyRing
from mailer.message.compiled import MESSAGE_ID
from mailer.message.identity import make_message_id, make_test_message_id

DOMAIN = "nyhetsbrev.example"


def test_the_same_delivery_has_the_same_message_id(keys: KeyRing) -> None:
    first, again = (make_message_id(keys, mailing_id=1, delivery_id=2, domain=DOMAIN) for _ in range(2))
    assert first == again
    assert MESSAGE_ID.fullmatch(first)
    assert first.endswith(f"@{DOMAIN}>")


def test_each_delivery_has_a_message_id_of_its_own(keys: KeyRing) -> None:
    made = {make_message_id(keys, mailing_id=m, delivery_id=d, domain=DOMAIN) for m, d in product(range(40), repeat=2)}
    assert len(made) == 1600


def test_a_new_key_in_mid_send_changes_no_message_id() -> None:
    old, new = b"an old key of 16 bytes", b"a new key of 16 bytes."
    before, after = (
        make_message_id(KeyRing(each), mailing_id=1, delivery_id=2, domain=DOMAIN) for each in ((old,), (new, old))
    )
    assert before == after


def test_two_test_sends_are_two_messages() -> None:
    made = {make_test_message_id(domain=DOMAIN) for _ in range(100)}
    assert len(made) == 100
    assert all(MESSAGE_ID.fullmatch(each) for each in made)
