"""People are found however their names and addresses are written."""

from unicodedata import normalize

import pytest

from mailer.subscribers.people.finding import find_ids
from mailer.subscribers.people.store import SubscriberStore

BASIS = "e: case 1"


@pytest.fixture
def filled(store: SubscriberStore) -> SubscriberStore:
    people = {
        "Kari@BLÅBÆR.example": "İbrahim Yılmaz",
        "åse@x.example": normalize("NFD", "Åse Ødegård"),
        "per@post.straße.example": "Per Weiß",
    }
    for address, name in people.items():
        store.add(address, lists=["oslo"], basis=BASIS, name=name)
    return store


ASKED = {
    "@blåbær.example": "Kari@BLÅBÆR.example",
    "@BLÅBÆR": "Kari@BLÅBÆR.example",
    "@blåbær.ex": "Kari@BLÅBÆR.example",
    "@xn--blbr-roah.example": "Kari@BLÅBÆR.example",
    "kari@blåbær.example": "Kari@BLÅBÆR.example",
    normalize("NFD", "Kari@Blåbær.ex"): "Kari@BLÅBÆR.example",
    "per@post.straße.": "per@post.straße.example",
    "@post.STRAßE.example": "per@post.straße.example",
    "ÅSE@X": "åse@x.example",
    normalize("NFD", "åse@"): "åse@x.example",
    normalize("NFD", "åse øde"): "åse@x.example",
    "ibrahim": "Kari@BLÅBÆR.example",
    "İbrahim": "Kari@BLÅBÆR.example",
    "yılmaz ibra": "Kari@BLÅBÆR.example",
    "weiss": "per@post.straße.example",
}


def test_somebody_is_found_however_name_and_address_are_written(filled: SubscriberStore) -> None:
    found = {query: [each.address_as_given for each in filled.find(query)] for query in ASKED}
    assert found == {query: [address] for query, address in ASKED.items()}


def test_what_is_the_beginning_of_no_domain_finds_nobody(filled: SubscriberStore) -> None:
    queries = ["@blåb", "@å.", "@" + "å" * 300, "@.å", "kari@xn--å", "@\N{ZERO WIDTH JOINER}å"]
    assert {query: filled.find(query) for query in queries} == dict.fromkeys(queries, ())


def test_no_more_are_found_than_wanted_and_addresses_before_names(sqlite_store: SubscriberStore) -> None:
    for address, name in (("x@x.example", "Berit"), ("berit@x.example", "Kari"), ("ber@x.example", "Ola")):
        sqlite_store.add(address, lists=["oslo"], basis=BASIS, name=name)
    with sqlite_store.database.reading() as connection:
        found = [find_ids(connection, "ber", limit=limit) for limit in (1, 2, 3, 4)]
        at_domain = [len(find_ids(connection, "@x", limit=limit)) for limit in (2, 3, 4)]
    assert found == [[3], [3, 2], [3, 2, 1], [3, 2, 1]]
    assert at_domain == [2, 3, 3]
