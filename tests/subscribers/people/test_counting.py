"""Counts over time come from the history, month by month, on both databases."""

from datetime import UTC, datetime

from mailer.subscribers.people.counting import Growth, count_people, count_subscriptions, read_growth
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.people.suppressing import suppress
from mailer.subscribers.people.suppression import SuppressionReason


def test_each_month_has_its_number_also_when_nothing_happened(store: SubscriberStore) -> None:
    moment = datetime(2023, 11, 30, 23, 30, tzinfo=UTC)
    store.clock = lambda: moment
    store.add("ole@x.example", lists=["oslo", "agder"], basis="e: case 1")
    store.add("kari@x.example", lists=["oslo"], basis="e: case 1")
    moment = datetime(2024, 1, 1, 0, 0, tzinfo=UTC)
    store.remove("ole@x.example", list_slug="oslo")
    moment = datetime(2024, 3, 5, tzinfo=UTC)
    suppress(store, "kari@x.example", reason=SuppressionReason.COMPLAINT)
    store.add("ole@x.example", lists=["oslo"], basis="a: case 1", again=True)
    growth = read_growth(store)
    assert growth.months == ("2023-11", "2023-12", "2024-01", "2024-02", "2024-03")
    assert growth.by_list == {"agder": (1, 1, 1, 1, 1), "oslo": (2, 2, 1, 1, 1)}
    assert growth.total == (3, 3, 2, 2, 2)


def test_the_last_month_agrees_with_the_lists_as_they_are(store: SubscriberStore) -> None:
    for number in range(5):
        store.add(f"p{number}@x.example", lists=["oslo", "bergen"][: 1 + number % 2], basis="e: case 1")
    store.remove("p1@x.example")
    growth = read_growth(store)
    assert {slug: numbers[-1] for slug, numbers in growth.by_list.items()} == {
        each.slug: each.active for each in count_subscriptions(store) if each.by_status
    }


def test_an_empty_register_has_no_months(store: SubscriberStore) -> None:
    assert read_growth(store) == Growth(months=(), by_list={})
    assert read_growth(store).total == ()


def test_every_month_between_the_first_and_the_last_has_its_place_across_new_year(
    sqlite_store: SubscriberStore,
) -> None:
    moment = datetime(2022, 12, 31, tzinfo=UTC)
    sqlite_store.clock = lambda: moment
    sqlite_store.add("ole@x.example", lists=["oslo"], basis="e: case 1")
    assert read_growth(sqlite_store).months == ("2022-12",)
    moment = datetime(2024, 12, 1, tzinfo=UTC)
    sqlite_store.add("kari@x.example", lists=["oslo"], basis="e: case 1")
    months = read_growth(sqlite_store).months
    assert len(months) == 25
    assert (months[1], months[12], months[13], months[24]) == ("2023-01", "2023-12", "2024-01", "2024-12")


def test_somebody_on_two_lists_is_one_person_and_somebody_who_left_is_none(sqlite_store: SubscriberStore) -> None:
    assert count_people(sqlite_store) == 0
    sqlite_store.add("ole@x.example", lists=["oslo", "agder"], basis="e: case 1")
    sqlite_store.add("kari@x.example", lists=["oslo"], basis="e: case 1")
    assert count_people(sqlite_store) == 2
    sqlite_store.remove("kari@x.example")
    sqlite_store.remove("ole@x.example", list_slug="agder")
    assert count_people(sqlite_store) == 1
