"""Editions are kept as they were sent, on both databases."""

from datetime import UTC, datetime

from mailer.database.engine import Database
from mailer.editions.store import EditionStore

NOW = datetime(2023, 12, 1, tzinfo=UTC)


def test_an_edition_is_never_changed_but_gains_forms(database: Database) -> None:
    store = EditionStore(database, clock=lambda: NOW)
    first = store.store(slug="2023-12", content_hash="a", title="Brev", lang="nb", forms={"html": b"one"})
    again = store.store(
        slug="2023-12", content_hash="a", title="Other", lang="nn", forms={"html": b"two", "pdf": b"pdf"}
    )
    assert again == first == store.latest("2023-12")
    assert (first.title, first.stored_at) == ("Brev", NOW)
    assert (store.read(first.id, "html"), store.read(first.id, "pdf")) == (b"one", b"pdf")
    assert store.read(first.id, "ics") is None


def test_a_correction_is_an_edition_of_its_own_and_the_latest_counts(database: Database) -> None:
    store = EditionStore(database, clock=lambda: NOW)
    store.store(slug="2023-12", content_hash="a", title="Desember", lang="nb", forms={})
    store.store(slug="2024-02", content_hash="b", title="Februar", lang="nn", forms={})
    store.store(slug="2023-12", content_hash="c", title="Rettet", lang="nb", forms={})
    assert [(each.slug, each.title) for each in store.all()] == [("2023-12", "Rettet"), ("2024-02", "Februar")]
    assert store.latest("2021-01") is None


def test_a_form_is_read_of_all_editions_of_an_issue_that_have_it(database: Database) -> None:
    store = EditionStore(database, clock=lambda: NOW)
    for number, (slug, form) in enumerate(
        (("2023-12", "ics"), ("2024-02", "ics"), ("2023-12", "pdf"), ("2023-12", "ics"))
    ):
        store.store(slug=slug, content_hash=str(number), title="Brev", lang="nb", forms={form: b"%d" % number})
    assert store.every("2023-12", "ics") == (b"0", b"3")
    assert store.every("2021-01", "ics") == ()
