"""Editions are kept as they are sent, and public when somebody may have a mail that leads there; on both databases."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from mailer.database.engine import Database
from mailer.database.tables import delivery, edition, mailing
from mailer.editions.store import EditionStore

NOW = datetime(2023, 12, 1, tzinfo=UTC)
DAY = timedelta(days=1)
Mail = Callable[..., None]


def keep(
    store: EditionStore,
    forms: dict[str, bytes],
    *,
    edition_hash: str = "1:a",
    title: str = "Brev",
    lang: str = "nb",
) -> None:
    """Store an edition of one content."""
    store.store(slug="2023-12", content_hash="a", edition_hash=edition_hash, title=title, lang=lang, forms=forms)


def shown(store: EditionStore) -> bytes | None:
    """The PDF that the public page of the issue gives."""
    found = store.latest("2023-12")
    return store.read(found.id, "pdf") if found else None


@pytest.fixture
def store(database: Database) -> EditionStore:
    return EditionStore(database, clock=lambda: NOW)


@pytest.fixture
def mail(database: Database) -> Mail:
    """Put a mailing into the database, as it stands; `got` is what became of its one delivery.

    It has the edition hash `1:` and its content hash; none when that is empty, as before there was one.
    """

    def put(
        slug: str,
        content_hash: str,
        *,
        edition_hash: str | None = None,
        state: str = "finished",
        after: int | None = 0,
        got: str = "",
    ) -> None:
        named = f"1:{content_hash}" if edition_hash is None else edition_hash or None
        row: dict[str, object] = {"slug": slug, "content_hash": content_hash, "edition_hash": named}
        row |= {"state": state, "lists": [], "subject": "s"}
        started = None if after is None else NOW + after * DAY
        with database.writing() as connection:
            values = row | {"in_doubt_policy": "hold", "created_at": NOW - DAY, "started_at": started}
            number = connection.execute(mailing.insert().values(values).returning(mailing.c.id)).scalar_one()
            if got:
                address = "a@a.example"
                whom = {"mailing_id": number, "address": address, "recipient": address, "lists": ""}
                connection.execute(delivery.insert().values(whom | {"status": got, "changed_at": NOW}))

    return put


def test_an_edition_is_never_changed_once_it_has_a_mailing_but_gains_forms(store: EditionStore, mail: Mail) -> None:
    keep(store, {"html": b"one"})
    mail("2023-12", "a")
    keep(store, {"html": b"two", "pdf": b"pdf"}, title="Other", lang="nn")
    found = store.latest("2023-12")
    assert found is not None
    assert (found.title, found.stored_at, found.sent_at) == ("Brev", NOW, NOW)
    assert (store.read(found.id, "html"), store.read(found.id, "pdf")) == (b"one", b"pdf")
    assert store.read(found.id, "ics") is None


@pytest.mark.parametrize(("state", "html"), [("cancelled", b"two"), ("planned", b"one")])
def test_an_edition_that_no_mailing_has_is_stored_anew(
    state: str, html: bytes, store: EditionStore, mail: Mail
) -> None:
    keep(store, {"html": b"one", "ics": b"old"})
    mail("2023-12", "a", state=state, after=None)
    keep(store, {"html": b"two"})
    mail("2023-12", "a")
    found = store.latest("2023-12")
    assert found is not None
    assert store.read(found.id, "html") == html
    assert store.read(found.id, "ics") == (None if state == "cancelled" else b"old")


HIDDEN = [
    ("planned", None, "queued"),
    ("paused", None, "queued"),
    ("cancelled", None, "cancelled"),
    ("cancelled", 0, "cancelled"),
    ("cancelled", 0, "rejected"),
]
SHOWN = [
    ("running", 0, "queued"),
    ("running", 0, "in_flight"),
    ("paused", 0, "queued"),
    ("finished", 0, "accepted"),
    ("finished", 0, "rejected"),
    ("cancelled", 0, "accepted"),
    ("cancelled", 0, "in_doubt"),
    ("cancelled", 0, "in_flight"),
]


@pytest.mark.parametrize("mailed", [*HIDDEN, *SHOWN], ids=str)
def test_an_edition_is_public_when_its_mailing_starts_unless_it_is_cancelled_before_anybody_had_it(
    mailed: tuple[str, int | None, str], store: EditionStore, mail: Mail
) -> None:
    keep(store, {"html": b"one"})
    assert store.latest("2023-12") is None
    state, after, got = mailed
    mail("2023-12", "a", state=state, after=after, got=got)
    mail("2023-12", "other", state="finished")
    mail("2024-02", "a", state="finished")
    assert (store.latest("2023-12") is not None) == (mailed in SHOWN)
    assert bool(store.all()) == (mailed in SHOWN)


def test_a_correction_takes_the_place_of_what_it_corrects_when_it_starts(store: EditionStore, mail: Mail) -> None:
    for slug, content_hash, title in (
        ("2023-12", "a", "Desember"),
        ("2024-02", "b", "Februar"),
        ("2023-12", "c", "Rettet"),
    ):
        store.store(
            slug=slug, content_hash=content_hash, edition_hash=f"1:{content_hash}", title=title, lang="nb", forms={}
        )
    mail("2023-12", "a")
    mail("2024-02", "b", after=1)
    mail("2023-12", "c", state="planned", after=None)
    assert [each.title for each in store.all()] == ["Februar", "Desember"]
    mail("2023-12", "c", after=2)
    assert [each.title for each in store.all()] == ["Rettet", "Februar"]
    mail("2023-12", "a", after=3)
    found = store.latest("2023-12")
    assert found is not None
    assert (found.title, found.sent_at) == ("Desember", NOW), "what was sent last, since when it was sent first"
    assert store.latest("2021-01") is None


def test_a_form_is_read_of_all_editions_of_an_issue_that_have_it(database: Database) -> None:
    store = EditionStore(database, clock=lambda: NOW)
    for number, (slug, form) in enumerate(
        (("2023-12", "ics"), ("2024-02", "ics"), ("2023-12", "pdf"), ("2023-12", "ics"))
    ):
        hashes = {"content_hash": str(number), "edition_hash": f"1:{number}"}
        store.store(slug=slug, **hashes, title="Brev", lang="nb", forms={form: b"%d" % number})
    assert store.every("2023-12", "ics") == (b"0", b"3")
    assert store.every("2021-01", "ics") == ()


def test_the_same_texts_with_another_pdf_are_another_edition(store: EditionStore, mail: Mail) -> None:
    keep(store, {"pdf": b"one"})
    mail("2023-12", "a")
    keep(store, {"pdf": b"two"}, edition_hash="1:b")
    assert shown(store) == b"one", "nobody was sent the other yet"
    mail("2023-12", "a", edition_hash="1:b", after=1)
    assert shown(store) == b"two"
    keep(store, {"pdf": b"three"}, edition_hash="1:c")
    mail("2023-12", "a", edition_hash="1:c", after=2)
    keep(store, {"pdf": b"late"}, edition_hash="1:c")
    assert shown(store) == b"three"
    mail("2023-12", "a", after=3)
    assert shown(store) == b"one"
    assert [each.edition_hash for each in store.all()] == ["1:a"]


def test_an_edition_that_nobody_was_sent_gives_its_place_to_the_next_of_the_same_texts(
    store: EditionStore, mail: Mail, database: Database
) -> None:
    """So that pages of the version before, which go by the texts, do not show what was never sent."""
    keep(store, {"pdf": b"one"})
    mail("2023-12", "a", state="cancelled", after=None)
    keep(store, {"pdf": b"two"}, edition_hash="1:b")
    mail("2023-12", "a", edition_hash="1:b")
    assert shown(store) == b"two"
    with database.reading() as connection:
        rows = connection.execute(select(edition.c.content_hash, edition.c.edition_hash))
        assert [tuple(each) for each in rows] == [("a", "1:b")]


def test_an_edition_from_before_there_was_a_hash_is_found_by_its_content(
    store: EditionStore, mail: Mail, database: Database
) -> None:
    keep(store, {"pdf": b"old"})
    with database.writing() as connection:
        connection.execute(edition.update().values(edition_hash=None))
    mail("2023-12", "a", edition_hash="")
    assert shown(store) == b"old"
    keep(store, {"pdf": b"new"})
    mail("2023-12", "a", state="planned", after=None)
    assert shown(store) == b"old"
    mail("2023-12", "a", after=1)
    assert shown(store) == b"new"


def test_a_mailing_by_a_sender_of_the_version_before_shows_the_edition_of_its_content(
    store: EditionStore, mail: Mail
) -> None:
    keep(store, {"pdf": b"one"})
    keep(store, {"pdf": b"two"}, edition_hash="1:b")
    mail("2023-12", "a", edition_hash="")
    assert shown(store) == b"two"
    keep(store, {"pdf": b"three"}, edition_hash="1:b")
    assert shown(store) == b"two", "it has a mailing"
