"""The audience: one member an address, active on a chosen list or left out with the reason."""

from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from mailer.delivery.model import SkipReason
from mailer.subscribers.audience import AudienceRow, Exclusion, compute_audience
from mailer.subscribers.model import ListKind, SubscriptionStatus

LISTS = {"bergen": ListKind.HELSEFELLESSKAP, "fonna": ListKind.HELSEFELLESSKAP, "nasjonale": ListKind.OWN}
Subscriptions = dict[int, dict[str, SubscriptionStatus]]

_subscriptions = st.dictionaries(
    st.integers(1, 6),
    st.dictionaries(st.sampled_from(sorted(LISTS)), st.sampled_from(SubscriptionStatus), min_size=1),
)


def _rows(subscriptions: Subscriptions) -> list[AudienceRow]:
    return [
        AudienceRow(
            subscriber_id=number,
            address=f"n{number}@x.example",
            recipient=f"N{number}@x.example",
            name="",
            lang="nb",
            list=slug,
            kind=LISTS[slug],
            status=status,
        )
        for number, statuses in sorted(subscriptions.items())
        for slug, status in statuses.items()
    ]


def _one(chosen: frozenset[str] | None = None, **statuses: SubscriptionStatus) -> Exclusion | str | None:
    for member in compute_audience(_rows({1: statuses}), lists=chosen):
        return member.exclusion
    return "nobody"


def test_every_exclusion_is_a_reason_that_delivery_knows() -> None:
    assert {each.value for each in Exclusion} <= {each.value for each in SkipReason}


def test_each_status_has_its_reason() -> None:
    active, pending = SubscriptionStatus.ACTIVE, SubscriptionStatus.PENDING
    left, suppressed = SubscriptionStatus.UNSUBSCRIBED, SubscriptionStatus.SUPPRESSED
    bergen = frozenset({"bergen"})
    assert _one(bergen=active, fonna=left) is None
    assert _one(bergen=left, fonna=left) is Exclusion.UNSUBSCRIBED
    assert _one(bergen=left, fonna=pending) is Exclusion.UNCONFIRMED
    assert _one(bergen=suppressed, fonna=suppressed) is Exclusion.SUPPRESSED
    assert _one(bergen=suppressed, fonna=left) is Exclusion.SUPPRESSED
    assert _one(bergen=active, fonna=suppressed) is None
    assert _one(bergen, bergen=left, fonna=active) is Exclusion.UNSUBSCRIBED
    assert _one(bergen, bergen=suppressed, fonna=active) is Exclusion.SUPPRESSED
    assert _one(bergen, fonna=active) == "nobody"


@given(subscriptions=_subscriptions, chosen=st.none() | st.frozensets(st.sampled_from(sorted(LISTS))))
def test_everybody_on_a_chosen_list_is_in_it_exactly_once(
    subscriptions: Subscriptions, chosen: frozenset[str] | None
) -> None:
    members = list(compute_audience(_rows(subscriptions), lists=chosen))
    wanted = frozenset(LISTS) if chosen is None else chosen
    assert [each.subscriber_id for each in members] == sorted(
        number for number, statuses in subscriptions.items() if wanted & statuses.keys()
    )
    for each in members:
        statuses = subscriptions[each.subscriber_id]
        assert set(each.lists) <= wanted & statuses.keys()
        assert each.lists
        assert all(statuses[slug] is SubscriptionStatus.ACTIVE for slug in each.helsefellesskap)
        if each.exclusion is None:
            assert all(statuses[slug] is SubscriptionStatus.ACTIVE for slug in each.lists)
        else:
            assert all(statuses[slug] is not SubscriptionStatus.ACTIVE for slug in each.lists)


def test_the_audience_is_computed_as_it_is_read() -> None:
    endless = (row for number in count(1) for row in _rows({number: {"bergen": SubscriptionStatus.ACTIVE}}))
    members = compute_audience(endless)
    assert [next(members).subscriber_id for _ in range(3)] == [1, 2, 3]
