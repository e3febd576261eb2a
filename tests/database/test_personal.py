"""Every column of text says whether it holds personal data, and erasing reaches each that says so."""

from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import JSON, Column, Connection, LargeBinary, String, Table, select

from mailer.database.history_triggers import ERASED
from mailer.database.moments import UtcTime
from mailer.database.personal import Personal, columns_with, statement_of
from mailer.database.tables import metadata, subscriber
from mailer.subscribers.people.moving import move_person
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.rights.erasing import erase

NOW = datetime(2023, 12, 1, 8, tzinfo=UTC)
SPOKEN = [
    column
    for table in metadata.sorted_tables
    for column in table.c
    if isinstance(column.type, String | JSON | LargeBinary) and not isinstance(column.type, UtcTime)
]
ADDRESS, NAME = "hemmelig.person@kommune.example", "Særnavn Hemmelig"
OLDER = "p.hemmelig@kommune.example"  # the person's address before


def _may_hold(column: Column[Any], words: str) -> bool:
    if isinstance(column.type, LargeBinary) and statement_of(column) is Personal.NONE:
        return False  # packed numbers, in which a word would be one by chance
    length = getattr(column.type, "length", None)
    return length is None or isinstance(column.type, LargeBinary) or length >= len(words)


PLANTED = [each for each in SPOKEN if _may_hold(each, ADDRESS) and statement_of(each) is not Personal.HASH]
# What all readers got, which erasing a reader leaves as it is, and names.
PUBLISHED = set(columns_with(metadata, Personal.PUBLISHED))


@pytest.mark.parametrize("column", SPOKEN, ids=str)
def test_a_column_says_whether_it_holds_personal_data(column: Column[Any]) -> None:
    assert statement_of(column) in set(Personal)


def test_a_column_that_says_nothing_would_be_found_and_only_such_columns_speak() -> None:
    assert statement_of(Column("note", String)) is None
    speaking = [column for table in metadata.sorted_tables for column in table.c if column.info]
    assert set(map(str, speaking)) == set(map(str, SPOKEN))


def test_columns_in_which_nothing_was_planted_are_too_narrow_for_an_address() -> None:
    left = [each for each in SPOKEN if each not in PLANTED and statement_of(each) is not Personal.HASH]
    assert {statement_of(each) for each in left} == {Personal.NONE}


def _value(column: Column[Any], words: str) -> object:
    """Something that may stand in a column, with the words in it where they have room."""
    if column in PLANTED:
        words = words if _may_hold(column, words) else ADDRESS
        if isinstance(column.type, JSON):
            return {"field": "organisation", words: words, "new": [words]}
        return words.encode() if isinstance(column.type, LargeBinary) else words
    if isinstance(column.type, JSON):
        return []
    return NOW if isinstance(column.type, UtcTime) else b"x" if isinstance(column.type, LargeBinary) else "x"


def _fill(connection: Connection, table: Table, words: str, **values: object) -> None:
    """A row with the words wherever they may stand, all that must be there, and what is said of it."""
    row = {
        column.name: _value(column, words)
        for column in table.c
        if column in PLANTED or (not column.nullable and column.default is None and not column.foreign_keys)
    }
    numbers = [column for column in table.c if not isinstance(column.type, String | JSON | LargeBinary)]
    needed = {each.name: 1 for each in numbers if not each.nullable and not isinstance(each.type, UtcTime)}
    identity = {"id": 1000} if "id" in table.c else {}
    connection.execute(table.insert().values(row | needed | identity | values))


OF_OTHERS = {"address": "other@x.example", "address_as_given": "other@x.example", "domain": "x.example"}


def _somebody_else_with_the_words_everywhere(connection: Connection, words: str) -> None:
    """A row in each table, all of which belong together; the addresses of the person's own mail are the person's."""
    known: dict[str, dict[str, object]] = {
        "subscriber": {**OF_OTHERS, "lang": "nb"},
        "delivery": {"address": ADDRESS, "recipient": OLDER, "status": "accepted"},
        "test_send": {"recipient": OLDER.upper()},
        "mailing": {"state": "finished"},
        "import_run": {"id": 1000},
    }
    for table in metadata.sorted_tables:
        keys = {column.name: 1000 for column in table.c if column.foreign_keys and column.name != "merged_into_id"}
        keys |= {"list_id": 1000} if "list_id" in table.c else {}
        _fill(connection, table, words, **(keys | known.get(table.name, {})))


def _holding(connection: Connection, *words: str) -> set[Column[Any]]:
    """The columns in which the words stand, in whatever case."""
    return {
        column
        for column in SPOKEN
        for value in connection.execute(select(column)).scalars()
        if any(each.lower() in _text(value).lower() for each in words)
    }


def _text(value: object) -> str:
    """All words of a value, one after the other."""
    if isinstance(value, dict):
        return "\n".join(_text(each) for pair in value.items() for each in pair)
    if isinstance(value, list):
        return "\n".join(map(_text, value))
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


DERIVED = {subscriber.c.name_folded, subscriber.c.domain}
BASE64 = b64encode(f"Til {ADDRESS}, takk".encode()).decode()
FORMS = {
    "as it is": ADDRESS,
    "capitals": ADDRESS.upper(),
    "in a sentence": f"Ansvarlig: <{ADDRESS}>, siden 2021.",
    "of before": f"(før {OLDER})",
    "as a link": f"mailto:{ADDRESS}?subject=x",
    "for the web": f"to=%20{quote(ADDRESS, safe='')}%20",
    "wholly for the web": "".join(f"%{each:02X}" for each in ADDRESS.encode()),
    "quoted-printable": "=3C" + ADDRESS.replace("@", "=40").replace("kommune", "komm=\r\nune") + "=3E",
    "for HTML": "".join(f"&#{ord(each)};" for each in ADDRESS),
    "for JSON": ADDRESS.replace("@", "\\u0040"),
    "base64": f"=?utf-8?b?{BASE64}?=",
}


ALL_FORMS = [pytest.param(" | ".join(FORMS.values()), id="all")]
EACH_FORM = [pytest.param(form, id=name, marks=pytest.mark.slow) for name, form in FORMS.items()]


@pytest.mark.parametrize("form", [*ALL_FORMS, *EACH_FORM])
def test_an_erased_address_is_left_in_no_column_but_of_what_was_published(
    store: SubscriberStore, tmp_path: Path, form: str
) -> None:
    store.add(OLDER, lists=["oslo"], basis=f"e: {OLDER}", name=NAME, organisation=NAME, source=OLDER)
    move_person(store, OLDER, ADDRESS)
    with store.database.writing() as connection:
        _somebody_else_with_the_words_everywhere(connection, form)
        reached = _holding(connection, ADDRESS, OLDER, *FORMS.values(), BASE64)
    assert set(PLANTED) - DERIVED <= reached, "the words were put everywhere"

    done = erase(store, ADDRESS, workspace=tmp_path)

    with store.database.reading() as connection:
        assert _holding(connection, ADDRESS, OLDER, *FORMS.values(), BASE64) == PUBLISHED
        assert _holding(connection, NAME) == set()
    assert {(each.table, each.column) for each in done.kept} == {(each.table.name, each.name) for each in PUBLISHED}
    assert {(each.row, each.holds) for each in done.kept} == {("1000", "address")}
    assert done.mentions >= 10


def test_the_name_goes_with_the_address_and_is_named_where_it_stands_alone(
    store: SubscriberStore, tmp_path: Path
) -> None:
    store.add(ADDRESS, lists=["oslo"], basis="e: 1", name=NAME)
    words = f"for {NAME.upper()} <{ADDRESS}>"
    other = store.add("kari@x.example", lists=["oslo"], name="Kari", organisation=words, basis=f"a: {NAME}")
    done = erase(store, ADDRESS, workspace=tmp_path)
    assert store.get(other.id).organisation == "for [erased] <[erased]>"
    (place,) = done.named
    assert (place.table, place.column, place.row, place.holds) == ("consent", "basis", "2", "name")
    again = erase(store, ADDRESS, workspace=tmp_path, also=[NAME])
    assert (again.named, again.mentions) == ((), 1)
    (joined,) = store.get(other.id).subscriptions
    assert [each.basis for each in joined.consents] == ["a: [erased]"]


def test_nothing_is_changed_by_a_dry_run(store: SubscriberStore, tmp_path: Path) -> None:
    store.add(ADDRESS, lists=["oslo"], basis="e: 1", name=NAME)
    store.add("kari@x.example", lists=["oslo"], basis=f"a: {ADDRESS}", organisation=ADDRESS)
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.csv").write_text(ADDRESS, "utf-8")
    tried = erase(store, ADDRESS, workspace=tmp_path / "files", dry_run=True)
    assert (tried.applied, tried.is_rewritten, tried.is_scrubbed) == (False, False, False)
    assert (tried.was_subscriber, tried.mentions, len(tried.files)) == (True, 2, 1)
    assert store.show(ADDRESS) is not None
    with store.database.reading() as connection:
        assert _holding(connection, ERASED) == set()
    done = erase(store, ADDRESS, workspace=tmp_path / "files")
    assert (done.applied, done.mentions, done.files) == (True, tried.mentions, tried.files)
