"""Storing what was sent, form by form, and reading it again.

A form is named by what stands after the slug in its address: `html`, `pdf`, `txt`, `ics`, and `3.ics` for one date.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from mailer.database.engine import Database
from mailer.database.tables import edition, edition_form


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One version of an issue that was sent; a correction that was sent as well is another."""

    id: int
    slug: str
    content_hash: str
    title: str
    lang: str
    stored_at: datetime


class EditionStore:
    """Editions in the database. What is stored is never changed."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def store(self, *, slug: str, content_hash: str, title: str, lang: str, forms: Mapping[str, bytes]) -> Edition:
        """Keep an edition; one that is kept already stays as it is, and gains the forms it has not had."""
        with self._database.writing() as connection:
            same = select(edition).where(edition.c.slug == slug, edition.c.content_hash == content_hash)
            if connection.execute(same).one_or_none() is None:
                row = {"slug": slug, "content_hash": content_hash, "title": title, "lang": lang}
                connection.execute(edition.insert().values(stored_at=self._clock(), **row))
            found = Edition(**connection.execute(same).mappings().one())
            has = select(edition_form.c.form).where(edition_form.c.edition_id == found.id)
            kept = set(connection.execute(has).scalars())
            for form, content in forms.items():
                if form not in kept:
                    values = {"edition_id": found.id, "form": form, "content": content}
                    connection.execute(edition_form.insert().values(values))
        return found

    def latest(self, slug: str) -> Edition | None:
        """The newest edition of an issue."""
        query = select(edition).where(edition.c.slug == slug).order_by(edition.c.id.desc()).limit(1)
        with self._database.reading() as connection:
            found = connection.execute(query).mappings().one_or_none()
        return Edition(**found) if found else None

    def read(self, edition_id: int, form: str) -> bytes | None:
        """One form of an edition, when it is stored."""
        query = select(edition_form.c.content)
        query = query.where(edition_form.c.edition_id == edition_id, edition_form.c.form == form)
        with self._database.reading() as connection:
            content: bytes | None = connection.execute(query).scalar()
        return content

    def every(self, slug: str, form: str) -> tuple[bytes, ...]:
        """One form of all editions of an issue that have it, oldest first."""
        query = select(edition_form.c.content).join_from(edition_form, edition)
        query = query.where(edition.c.slug == slug, edition_form.c.form == form).order_by(edition.c.id)
        with self._database.reading() as connection:
            return tuple(connection.execute(query).scalars())

    def all(self) -> tuple[Edition, ...]:
        """The newest edition of every issue, the latest first."""
        with self._database.reading() as connection:
            rows = connection.execute(select(edition).order_by(edition.c.id)).mappings().all()
        newest = {str(row["slug"]): Edition(**row) for row in rows}
        return tuple(sorted(newest.values(), key=lambda each: each.id, reverse=True))
