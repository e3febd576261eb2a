"""Editions are kept as they are sent, and public when somebody may have a mail that leads there; on both databases."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from mailer.database.engine import Database
from mailer.database.tables import delivery, mailing
from mailer.editions.store import EditionStore

NOW = datetime(2023, 12, 1, tzinfo=UTC)
DAY = timedelta(days=1)
Mail = Callable[..., None]


@pytest.fixture
def store(database: Database) -> EditionStore:
    return EditionStore(database, clock=lambda: NOW)


@pytest.fixture
def mail(database: Database) -> Mail:
    """Put a mailing of some content into the database, as it stands; `got` is what became of its one delivery."""

    def put(slug: str, content_hash: str, *, state: str = "finished", after: int | None = 0, got: str = "") -> None:
        row = {"slug": slug, "content_hash": content_hash, "state": state, "lists": [], "subject": "s"}
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
    store.store(slug="2023-12", content_hash="a", title="Brev", lang="nb", forms={"html": b"one"})
    mail("2023-12", "a")
    store.store(slug="2023-12", content_hash="a", title="Other", lang="nn", forms={"html": b"two", "pdf": b"pdf"})
    found = store.latest("2023-12")
    assert found is not None
    assert (found.title, found.stored_at, found.sent_at) == ("Brev", NOW, NOW)
    assert (store.read(found.id, "html"), store.read(found.id, "pdf")) == (b"one", b"pdf")
    assert store.read(found.id, "ics") is None


@pytest.mark.parametrize(("state", "html"), [("cancelled", b"two"), ("planned", b"one")])
def test_an_edition_that_no_mailing_has_is_stored_anew(
    state: str, html: bytes, store: EditionStore, mail: Mail
) -> None:
    store.store(slug="2023-12", content_hash="a", title="Brev", lang="nb", forms={"html": b"one", "ics": b"old"})
    mail("2023-12", "a", state=state, after=None)
    store.store(slug="2023-12", content_hash="a", title="Brev", lang="nb", forms={"html": b"two"})
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
    store.store(slug="2023-12", content_hash="a", title="Brev", lang="nb", forms={"html": b"one"})
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
        store.store(slug=slug, content_hash=content_hash, title=title, lang="nb", forms={})
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
        store.store(slug=slug, content_hash=str(number), title="Brev", lang="nb", forms={form: b"%d" % number})
    assert store.every("2023-12", "ics") == (b"0", b"3")
    assert store.every("2021-01", "ics") == ()
