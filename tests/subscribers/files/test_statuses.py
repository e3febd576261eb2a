"""What a line says of mail that is wanted or not: the strictest of its cells holds, and nothing is guessed."""

import pytest

from mailer.subscribers.files.statuses import StatusError, parse_status, strictness
from mailer.subscribers.model import SubscriptionStatus

ACTIVE, PENDING, LEFT, SUPPRESSED = (
    SubscriptionStatus.ACTIVE,
    SubscriptionStatus.PENDING,
    SubscriptionStatus.UNSUBSCRIBED,
    SubscriptionStatus.SUPPRESSED,
)


@pytest.mark.parametrize(
    ("cells", "status", "said"),
    [
        (("", "", ""), ACTIVE, ""),
        (("Active", "", ""), ACTIVE, ""),
        (("  Hard   BOUNCE", "", ""), SUPPRESSED, "  Hard   BOUNCE"),
        (("UNSUBSCRIBED", "ja", ""), LEFT, ""),
        (("aktiv", "nei", ""), LEFT, ""),
        (("på vent", "x", "0"), PENDING, "på vent"),
        (("på vent", "", "ja"), LEFT, ""),
        (("sperret", "no", "yes"), SUPPRESSED, "sperret"),
        (("avmeldt", "", "ja"), LEFT, "avmeldt"),
        (("", "TRUE", "n"), ACTIVE, ""),
        (("", "", "2024-01-31 12:00"), LEFT, ""),
        (("", "", "31.1.2024"), LEFT, ""),
        (("", "", "00.00.2024"), LEFT, ""),
        (("", "", "3. mai 2024"), LEFT, ""),
    ],
)
def test_the_strictest_cell_holds(cells: tuple[str, str, str], status: SubscriptionStatus, said: str) -> None:
    assert parse_status(*cells) == (status, said)


def test_from_active_to_suppressed_each_keeps_more_mail_away() -> None:
    assert sorted(SubscriptionStatus, key=strictness) == [ACTIVE, PENDING, LEFT, SUPPRESSED]


@pytest.mark.parametrize(
    ("cells", "what"),
    [
        (("", "kanskje", ""), "'kanskje' in the column subscribed is neither yes nor no"),
        (("", "", "q" * 81), f"'{'q' * 80}' in the column unsubscribed is neither yes nor no"),
        (("", "", "0000-00-00"), "'0000-00-00' in the column unsubscribed is no day"),
        (("", "", "00.00.0000 10:15"), "'00.00.0000 10:15' in the column unsubscribed is no day"),
        (("", "2024-01-31", ""), "'2024-01-31' in the column subscribed is neither yes nor no"),
    ],
)
def test_what_is_not_understood_is_refused_with_the_words_that_are(cells: tuple[str, str, str], what: str) -> None:
    with pytest.raises(StatusError) as refused:
        parse_status(*cells)
    assert refused.value.what == what


def test_a_word_for_a_status_that_nobody_knows_is_refused_with_the_first_four_of_each() -> None:
    with pytest.raises(StatusError) as refused:
        parse_status("q" * 81)
    assert refused.value.what == (
        f"the status '{'q' * 80}' is not understood: write active (aktiv, påmeldt, subscribed, påmeld), "
        "pending (på vent, ubekreftet, unconfirmed, venter), unsubscribed (avmeldt, utmeldt, opted out, avmeld), "
        "suppressed (sperret, reservert, blocklisted, bounced), or nothing, which is active"
    )
