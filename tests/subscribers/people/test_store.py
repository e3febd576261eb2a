"""The store: one address is one subscriber, leaving is final until the person asks, all of it is in the history.

`correcting` changes facts, and `suppressing` keeps a hash in `suppression`.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailer.database.names import fold_name
from mailer.database.tables import list_, subscriber
from mailer.errors import MailerError
from mailer.subscribers.audience import Exclusion
from mailer.subscribers.facts.words import WordsError, clean_words
from mailer.subscribers.model import SubscriptionStatus
from mailer.subscribers.people.counting import count_subscriptions
from mailer.subscribers.people.moving import move_person
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.people.subscriptions import ids_of_lists, list_ids, merged_lists
from mailer.subscribers.people.suppressing import read_suppressions, release, suppress
from mailer.subscribers.people.suppression import SuppressionReason
from mailer.subscribers.rights.erasing import erase

EXAMPLES = settings().max_examples  # of the profile: the normal run's, or many more in `poe soak`
# What is wrong with a word is said before any database is asked.
ON_SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)

BASIS = "art. 6(1)(e), samhandling"
ASK = "Only the person can ask to be written to again; then: mailer subscribers release"


def _statuses(store: SubscriberStore, address: str) -> dict[str, SubscriptionStatus]:
    found = store.show(address)
    assert found is not None
    return {each.list: each.status for each in found.subscriptions}


def test_one_address_is_one_subscriber_however_it_is_written(store: SubscriberStore) -> None:
    first = store.add("Åse.Næss@Blåbær.Example", lists=["bergen"], basis=BASIS, name="Åse Næss")
    second = store.add("åse.næss@xn--BLBR-roah.example", lists=["fonna"], basis=BASIS)
    assert second.id == first.id
    assert second.address == "åse.næss@xn--blbr-roah.example"
    assert second.address_as_given == "Åse.Næss@Blåbær.Example"
    assert second.name == "Åse Næss"
    assert [each.list for each in second.subscriptions] == ["bergen", "fonna"]


def test_show_gives_everything_that_was_stored(store: SubscriberStore) -> None:
    store.add(
        "ole@kommune.example",
        lists=["agder"],
        basis=BASIS,
        name="Ole",
        organisation="Lillevik kommune",
        role="kommune",
        lang="nn",
        source="phone",
    )
    shown = store.show("OLE@kommune.example")
    assert shown is not None
    assert (shown.name, shown.organisation, shown.role, shown.lang) == ("Ole", "Lillevik kommune", "kommune", "nn")
    assert shown.created_at == store.clock()
    (subscription,) = shown.subscriptions
    assert subscription.status is SubscriptionStatus.ACTIVE
    assert subscription.consent is not None
    assert (subscription.consent.basis, subscription.consent.method) == (BASIS, "admin")
    assert subscription.consent.source == "phone"
    assert store.show("nobody@kommune.example") is None


def test_what_is_said_of_somebody_who_is_on_the_list_already_is_recorded_field_by_field(store: SubscriberStore) -> None:
    store.add(
        "ole@x.example",
        lists=["agder"],
        basis="e: case 1",
        name="Ole",
        organisation="Lillevik",
        role="kommune",
        lang="nn",
    )
    again = store.add("ole@x.example", lists=["agder", "oslo"], basis="a: said yes", name="Åge Ås", role="annet")
    assert (again.name, again.organisation, again.role, again.lang) == ("Åge Ås", "Lillevik", "annet", "nn")
    assert store.find("åge") == (again,)
    agder, oslo = again.subscriptions
    assert [each.basis for each in (*agder.consents, *oslo.consents)] == ["e: case 1", "a: said yes", "a: said yes"]
    changes = [
        {"field": "name", "old": "Ole", "new": "Åge Ås"},
        {"field": "role", "old": "kommune", "new": "annet"},
        {"field": "basis", "old": "e: case 1", "new": "a: said yes", "list": "agder"},
    ]
    events = store.history("ole@x.example")
    assert [each.detail for each in events if each.action == "changed"] == changes
    assert store.add("ole@x.example", lists=["agder", "oslo"], basis="a: said yes", name="Åge Ås") == again
    assert store.history("ole@x.example") == events


def test_a_refused_way_back_changes_no_fact(store: SubscriberStore) -> None:
    store.add("ole@x.example", lists=["agder"], basis=BASIS, name="Ole")
    store.remove("ole@x.example")
    with pytest.raises(MailerError, match="left agder"):
        store.add("ole@x.example", lists=["agder"], basis=BASIS, name="Ola")
    assert [each.name for each in store.find("@x.example")] == ["Ole"]


def _found(store: SubscriberStore, query: str) -> list[str]:
    return [each.address for each in store.find(query)]


def test_find_looks_at_the_beginning_of_addresses_and_domains(store: SubscriberStore) -> None:
    for address in ("ase@fjord.example", "per@fjord.example", "per@vidda.example"):
        store.add(address, lists=["bergen"], basis=BASIS)
    assert _found(store, "PER@") == ["per@fjord.example", "per@vidda.example"]
    assert _found(store, "@Fjord.example") == ["ase@fjord.example", "per@fjord.example"]
    assert _found(store, "fjord") == []


def test_find_looks_at_the_beginnings_of_the_words_of_a_name_in_any_order(store: SubscriberStore) -> None:
    names = ["Åse ØDEGÅRD", "Per_100%", "Nordmann, Kari-Anne", "Per O’Brien", "Kari Å. Nordmann"]
    for number, name in enumerate(names):
        store.add(f"p{number}@x.example", lists=["bergen"], basis=BASIS, name=name)
    asked = {
        "øde": [0],
        "åse ødeg": [0],
        "ØDEG ÅSE": [0],
        "A\u030ase": [0],  # Å in two characters, as some files have it
        "per": [1, 3],
        "per 10": [1],
        "kari nord": [2, 4],
        "nordmann, k": [2, 4],
        "anne-": [2],
        "brien": [3],
        "o’b": [3],
        "gård": [],
        "kari ødegård": [],
        "AND OR": [],
        '"kari" NOT nord*': [],
        "%": [],
        "' & '": [],
    }
    found = {query: _found(store, query) for query in asked}
    assert found == {query: [f"p{number}@x.example" for number in numbers] for query, numbers in asked.items()}


def _is_clean(text: str) -> bool:
    try:
        clean_words(text)
    except WordsError:
        return False
    return True


@settings(max_examples=EXAMPLES * 3 // 5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(max_size=30).filter(_is_clean), data=st.data())
def test_whoever_has_a_name_is_found_by_any_of_its_words(
    store: SubscriberStore, name: str, data: st.DataObject
) -> None:
    person = store.add("somebody@x.example", lists=["oslo"], basis=BASIS, name=name)
    words = fold_name(person.name).split()
    for each in words:
        typed = each[: data.draw(st.integers(1, len(each)))]
        assert [found.id for found in store.find(typed)] == [person.id], typed


def test_a_name_of_a_thousand_characters_without_a_space_is_stored_and_found(store: SubscriberStore) -> None:
    name = "".join(map(chr, range(0x4E00, 0x4E00 + 1000)))
    store.add("long@x.example", lists=["oslo"], basis=BASIS, name=name)
    assert [each.name for each in store.find(name[:20])] == [name]


def test_the_number_of_somebody_who_is_gone_is_never_given_again(store: SubscriberStore, tmp_path: Path) -> None:
    """Links in old mails would else be somebody else's."""
    gone = store.add("a@x.example", lists=["oslo"], basis=BASIS)
    erase(store, "a@x.example", workspace=tmp_path)
    assert store.add("b@x.example", lists=["oslo"], basis=BASIS).id > gone.id


def test_somebody_who_left_comes_back_only_when_the_person_asks(store: SubscriberStore) -> None:
    store.add("ole@kommune.example", lists=["agder", "oslo"], basis=BASIS)
    assert store.remove("Ole@kommune.example", list_slug="agder") == ("agder",)
    assert store.remove("ole@kommune.example", list_slug="agder") == ()
    with pytest.raises(MailerError, match=r"left agder on 2023-12-01"):
        store.add("ole@kommune.example", lists=["agder"], basis=BASIS)
    assert _statuses(store, "ole@kommune.example")["agder"] is SubscriptionStatus.UNSUBSCRIBED
    store.add("ole@kommune.example", lists=["agder"], basis="a: a new consent", again=True)
    back = store.show("ole@kommune.example")
    assert back is not None
    assert {each.list: each.status for each in back.subscriptions} == {
        "agder": SubscriptionStatus.ACTIVE,
        "oslo": SubscriptionStatus.ACTIVE,
    }
    assert back.subscriptions[0].consent is not None
    assert back.subscriptions[0].consent.basis == "a: a new consent"


def test_somebody_who_left_everything_comes_back_on_no_list_unless_the_person_asks(store: SubscriberStore) -> None:
    store.add("ole@kommune.example", lists=["agder"], basis=BASIS)
    store.remove("ole@kommune.example")
    with pytest.raises(MailerError, match=r"left all lists on 2023-12-01"):
        store.add("ole@kommune.example", lists=["oslo"], basis=BASIS)
    store.add("ole@kommune.example", lists=["oslo"], basis="a: asked for it", again=True)
    assert _statuses(store, "ole@kommune.example")["oslo"] is SubscriptionStatus.ACTIVE


def test_leaving_all_lists_deletes_nothing(store: SubscriberStore) -> None:
    added = store.add("ole@kommune.example", lists=["agder", "oslo"], basis=BASIS)
    assert store.leave(added.id) == ("agder", "oslo")
    assert set(_statuses(store, "ole@kommune.example").values()) == {SubscriptionStatus.UNSUBSCRIBED}


def test_every_change_is_in_the_history(store: SubscriberStore) -> None:
    store.add("ole@kommune.example", lists=["agder"], basis=BASIS)
    store.remove("ole@kommune.example")
    suppress(store, "ole@kommune.example", reason=SuppressionReason.COMPLAINT)
    events = store.history("ole@kommune.example")
    assert [(each.action, each.detail) for each in events] == [
        ("subscribed", {"list": "agder"}),
        ("unsubscribed", {"list": "agder"}),
        ("suppressed", {"reason": "complaint"}),
    ]
    assert {(each.actor, each.at) for each in events} == {("kari", store.clock())}


def test_a_suppressed_address_cannot_be_added_and_is_not_written_to(store: SubscriberStore) -> None:
    store.add("ole@kommune.example", lists=["agder"], basis=BASIS)
    assert suppress(store, "OLE@kommune.example", reason=SuppressionReason.HARD_BOUNCE)
    assert not suppress(store, "ole@kommune.example", reason=SuppressionReason.MANUAL)
    assert read_suppressions(store, "Ole@Kommune.example")
    assert not read_suppressions(store, "kari@kommune.example")
    with pytest.raises(MailerError, match="is suppressed"):
        store.add("ole@kommune.example", lists=["oslo"], basis=BASIS, again=True)
    assert [each.exclusion for each in store.read_audience()] == [Exclusion.SUPPRESSED]


def test_an_address_that_is_suppressed_on_one_list_gets_mail_through_others(store: SubscriberStore) -> None:
    store.add("ole@kommune.example", lists=["agder", "oslo"], basis=BASIS)
    assert suppress(store, "ole@kommune.example", reason=SuppressionReason.MANUAL, list_slug="oslo")
    assert [each.scope for each in read_suppressions(store, "ole@kommune.example")] == ["oslo"]
    with pytest.raises(MailerError, match="is suppressed on oslo"):
        store.add("ole@kommune.example", lists=["fonna", "oslo"], basis=BASIS, again=True)
    assert [(each.lists, each.exclusion) for each in store.read_audience()] == [(("agder",), None)]
    assert [each.exclusion for each in store.read_audience(["oslo"])] == [Exclusion.SUPPRESSED]
    assert store.history("ole@kommune.example")[-1].detail == {
        "reason": "manual",
        "scope": "oslo",
        "list": "oslo",
    }


def test_releasing_an_address_for_all_lists_leaves_what_holds_for_one(store: SubscriberStore) -> None:
    store.add("ole@kommune.example", lists=["agder", "oslo"], basis=BASIS)
    suppress(store, "ole@kommune.example", reason=SuppressionReason.MANUAL, list_slug="oslo")
    suppress(store, "ole@kommune.example", reason=SuppressionReason.COMPLAINT)
    assert release(store, "ole@kommune.example", note="asked", list_slug="oslo")
    assert _statuses(store, "ole@kommune.example")["oslo"] is SubscriptionStatus.SUPPRESSED
    assert release(store, "ole@kommune.example", note="asked")
    assert set(_statuses(store, "ole@kommune.example").values()) == {SubscriptionStatus.UNSUBSCRIBED}


def test_an_address_can_be_suppressed_before_anybody_has_added_it(store: SubscriberStore) -> None:
    suppress(store, "ole@kommune.example", reason=SuppressionReason.ERASED)
    with pytest.raises(MailerError, match="is suppressed"):
        store.add("ole@kommune.example", lists=["oslo"], basis=BASIS)


def test_counts_name_every_list_in_register_order(store: SubscriberStore) -> None:
    store.add("ole@kommune.example", lists=["finnmark", "oslo"], basis=BASIS)
    store.add("kari@kommune.example", lists=["finnmark"], basis=BASIS)
    store.remove("kari@kommune.example")
    counts = {each.slug: each for each in count_subscriptions(store)}
    assert next(iter(counts)) == "finnmark"
    assert len(counts) == 21
    assert counts["finnmark"].by_status == {SubscriptionStatus.ACTIVE: 1, SubscriptionStatus.UNSUBSCRIBED: 1}
    assert (counts["oslo"].active, counts["agder"].active) == (1, 0)


def test_the_audience_has_each_address_once_with_all_its_helsefellesskap(store: SubscriberStore) -> None:
    store.add("ole@kommune.example", lists=["oslo", "akershus", "nasjonale"], basis=BASIS, name="Ole", lang="nn")
    store.add("kari@kommune.example", lists=["finnmark"], basis=BASIS)
    store.add("siri@kommune.example", lists=["oslo", "agder"], basis=BASIS)
    store.remove("siri@kommune.example", list_slug="oslo")
    ole, siri = store.read_audience(["oslo", "nasjonale"])
    assert (ole.recipient, ole.name, ole.lang) == ("ole@kommune.example", "Ole", "nn")
    assert ole.lists == ("oslo", "nasjonale")
    assert ole.helsefellesskap == ("akershus", "oslo")
    assert (siri.exclusion, siri.lists, siri.helsefellesskap) == (Exclusion.UNSUBSCRIBED, ("oslo",), ("agder",))
    assert [each.exclusion for each in store.read_audience()] == [None, None, None]


def test_the_audience_can_be_read_inside_a_writing_transaction(store: SubscriberStore) -> None:
    store.add("ole@kommune.example", lists=["oslo"], basis=BASIS)
    with store.database.writing() as connection:
        assert len(list(store.read_audience(["oslo"], connection=connection))) == 1


@ON_SQLITE
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lists": ["osl"]}, "there is no list 'osl'\nDid you mean oslo?"),
        ({"lists": ["qqq"]}, "mailer lists shows them all"),
        ({"basis": " "}, "the basis is missing"),
        ({"basis": "avtale"}, "a: (consent), b: (contract) and e: (public task)"),
        ({"basis": "e:"}, "has no reference"),
        ({"name": "Ole\x07"}, "a control character stands in the text"),
        ({"name": "Ole\udc80"}, "a control character stands in the text"),
        ({"role": "nurse"}, "is not one of kommune, helseforetak"),
        ({"address": "o\udc80@x.example"}, "is no e-mail address"),
        ({"address": "ole"}, "is no e-mail address"),
    ],
)
def test_what_cannot_be_added_is_refused_in_words(
    store: SubscriberStore, change: dict[str, object], message: str
) -> None:
    arguments: dict[str, object] = {"address": "ole@kommune.example", "lists": ["oslo"], "basis": BASIS} | change
    with pytest.raises(MailerError) as refused:
        store.add(**arguments)  # type: ignore[arg-type]  # the cases differ in type
    assert message in str(refused.value)
    assert store.find("") == ()


def test_an_unknown_address_cannot_leave(store: SubscriberStore) -> None:
    with pytest.raises(MailerError, match="not among the subscribers"):
        store.remove("ole@kommune.example")
    with pytest.raises(LookupError):
        store.get(1)


def test_an_address_added_by_many_at_once_is_one_subscriber_on_all_the_lists(store: SubscriberStore) -> None:
    slugs = ["finnmark", "helgeland", "bergen", "fonna", "agder", "oslo"]
    with ThreadPoolExecutor(6) as pool:
        added = list(pool.map(lambda slug: store.add("ole@kommune.example", lists=[slug], basis=BASIS), slugs))
    assert len({each.id for each in added}) == 1
    assert sorted(_statuses(store, "ole@kommune.example")) == sorted(slugs)


def test_no_national_identity_number_is_stored_with_whatever_is_said_of_somebody(store: SubscriberStore) -> None:
    number = "010107 75082"
    with pytest.raises(MailerError, match=r"name: this holds what looks like a fødselsnummer") as refused:
        store.add("ole@x.example", lists=["oslo"], basis=BASIS, name=f"Ole {number}")
    assert number not in str(refused.value)
    with pytest.raises(MailerError, match="fødselsnummer"):
        suppress(store, "ole@x.example", reason=SuppressionReason.MANUAL, note=number)
    suppress(store, "ole@x.example", reason=SuppressionReason.MANUAL)
    with pytest.raises(MailerError, match="fødselsnummer"):
        release(store, "ole@x.example", note=f"asked {number}")
    assert store.show("ole@x.example") is None


@pytest.mark.parametrize(
    ("address", "lists", "what", "hint"),
    [
        ("Out@x.example", ["oslo"], "Out@x.example is suppressed", f"{ASK} Out@x.example --reason TEXT"),
        (
            "Some@x.example",
            ["agder", "oslo", "bergen"],
            "Some@x.example is suppressed on oslo, bergen",
            f"{ASK} Some@x.example --list oslo --reason TEXT",
        ),
        (
            "left@x.example",
            ["oslo"],
            "this person left oslo on 2023-12-01",
            "Use --again only when the person has asked to come back.",
        ),
        ("new@x.example", ["osl"], "there is no list 'osl'", "Did you mean oslo?"),
        ("new@x.example", ["qqq"], "there is no list 'qqq'", "mailer lists shows them all."),
    ],
)
def test_who_is_not_put_on_a_list_is_told_with_what_to_do(
    address: str, lists: list[str], what: str, hint: str, *, sqlite_store: SubscriberStore
) -> None:
    suppress(sqlite_store, "out@x.example", reason=SuppressionReason.MANUAL)
    for slug in ("oslo", "bergen"):
        suppress(sqlite_store, "some@x.example", reason=SuppressionReason.MANUAL, list_slug=slug)
    sqlite_store.add("left@x.example", lists=["oslo"], basis=BASIS)
    sqlite_store.remove("left@x.example")
    with pytest.raises(MailerError) as refused:
        sqlite_store.add(address, lists=lists, basis=BASIS)
    assert (refused.value.what, refused.value.hint) == (what, hint)


def test_who_is_no_subscriber_is_looked_for_and_who_has_moved_is_named(sqlite_store: SubscriberStore) -> None:
    sqlite_store.add("ole@x.example", lists=["oslo"], basis=BASIS)
    move_person(sqlite_store, "ole@x.example", "ole@y.example")
    for address, hint in (
        ("Ole@x.example", "The person is ole@y.example now."),
        ("kari@x.example", "Look for it with mailer subscribers find."),
    ):
        for deed in (sqlite_store.remove, sqlite_store.history):
            with pytest.raises(MailerError) as refused:
                deed(address)
            assert (refused.value.what, refused.value.hint) == (f"{address} is not among the subscribers", hint)


def test_releasing_wants_a_reason_and_is_in_the_history_with_its_list(sqlite_store: SubscriberStore) -> None:
    sqlite_store.add("ole@x.example", lists=["oslo"], basis=BASIS)
    with pytest.raises(MailerError) as refused:
        release(sqlite_store, "ole@x.example", note=" ")
    assert refused.value.what == "a reason is missing"
    assert refused.value.hint == "Say why the address may be written to, with --reason."
    before = len(sqlite_store.history("ole@x.example"))
    assert not release(sqlite_store, "ole@x.example", note="asked")
    suppress(sqlite_store, "ole@x.example", reason=SuppressionReason.MANUAL, list_slug="oslo")
    assert release(sqlite_store, "ole@x.example", note=" asked ", list_slug="oslo")
    suppress(sqlite_store, "ole@x.example", reason=SuppressionReason.MANUAL)
    assert release(sqlite_store, "ole@x.example", note="asked")
    assert [(each.action, each.detail) for each in sqlite_store.history("ole@x.example")[before:]] == [
        ("suppressed", {"reason": "manual", "scope": "oslo", "list": "oslo"}),
        ("released", {"reason": "asked", "list": "oslo"}),
        ("suppressed", {"reason": "manual"}),
        ("released", {"reason": "asked"}),
    ]


def test_a_list_is_what_it_became_part_of_over_any_mergers_also_in_a_circle(sqlite_store: SubscriberStore) -> None:
    with sqlite_store.database.writing() as connection:
        numbers = list_ids(connection)
        for old, into in (("fonna", "bergen"), ("bergen", "oslo"), ("agder", "telemark"), ("telemark", "agder")):
            merged = list_.update().where(list_.c.slug == old).values(merged_into_id=numbers[into])
            connection.execute(merged)
        found = merged_lists(connection)
        assert [found[slug] for slug in ("fonna", "bergen", "oslo", "akershus")] == ["oslo", "oslo", "oslo", "akershus"]
        assert found["agder"] == "agder"
        assert ids_of_lists(connection, ["fonna"]) == sorted([numbers["fonna"], numbers["oslo"]])
        assert ids_of_lists(connection, []) == sorted(numbers.values())


def test_a_basis_is_added_when_it_is_not_the_latest_one_and_other_lists_follow(sqlite_store: SubscriberStore) -> None:
    for basis in ("e: 1", "a: 2", "a: 2", "e: 1"):
        sqlite_store.add("ole@x.example", lists=["oslo"], basis=basis)
    found = sqlite_store.add("ole@x.example", lists=["oslo", "agder", "bergen"], basis="e: 1")
    assert {each.list: [one.basis for one in each.consents] for each in found.subscriptions} == {
        "bergen": ["e: 1"],
        "agder": ["e: 1"],
        "oslo": ["e: 1", "a: 2", "e: 1"],
    }
    assert [each.detail["list"] for each in sqlite_store.history("ole@x.example")] == [
        *("oslo", "oslo", "oslo", "agder", "bergen"),
    ]


def test_a_hundred_people_are_found_and_no_more(sqlite_store: SubscriberStore) -> None:
    names = [f"p{number:03}@many.example" for number in range(101)]
    rows = [{"address": each, "address_as_given": each, "created_at": sqlite_store.clock()} for each in names]
    rows = [row | {"domain": "many.example", "lang": "nb"} for row in rows]
    with sqlite_store.database.writing() as connection:
        connection.execute(subscriber.insert(), rows)
    assert [each.address for each in sqlite_store.find("@many.example")] == names[:100]


def test_an_address_that_two_people_had_is_known_by_the_one_who_had_it_last(sqlite_store: SubscriberStore) -> None:
    for new in ("first@y.example", "last@y.example"):
        sqlite_store.add("post@x.example", lists=["oslo"], basis=BASIS, again=True)
        move_person(sqlite_store, "post@x.example", new)
        release(sqlite_store, "post@x.example", note="somebody else has it now")
    with pytest.raises(MailerError) as refused:
        sqlite_store.remove("post@x.example")
    assert refused.value.hint == "The person is last@y.example now."
