"""Store the forms of an issue that is sent, and read them again once they may be public.

A form is named by what stands after the slug in its address: `html`, `pdf`, `txt`, `ics`, and `kq7d.ics` for one date.

An edition is stored when its mailing is planned, and public from the moment a mailing of it starts, before the first
message goes out. That is read from the mailings themselves, so that nothing has to be told twice: a planned one shows
nothing, nor does one that was cancelled before anybody had a mail whose links lead here.

Its hash says which edition it is: the same texts with another PDF are another. Those from before editions had a hash go
by their content.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, or_, select

from mailer.database.engine import Database
from mailer.database.tables import delivery, edition, edition_form, mailing

_MAY_HAVE_IT = ("in_flight", "accepted", "in_doubt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One version of an issue that is public since its first mailing started; a correction that was sent is another.

    `edition_hash` is None when it was stored before editions had one.
    """

    id: int
    slug: str
    content_hash: str
    title: str
    lang: str
    stored_at: datetime
    sent_at: datetime
    edition_hash: str | None = None


class EditionStore:
    """Editions in the database. One that may have been sent is never changed."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def store(
        self, *, slug: str, content_hash: str, edition_hash: str, title: str, lang: str, forms: Mapping[str, bytes]
    ) -> None:
        """Keep an edition. One that a mailing has stays as it is, and gains the forms it has not had."""
        row = {"title": title, "lang": lang, "stored_at": self._clock(), "edition_hash": edition_hash}
        with self._database.writing() as connection:
            kept = _find(connection, edition.c.slug == slug, edition.c.edition_hash == edition_hash)
            alike = _find(connection, edition.c.slug == slug, edition.c.content_hash == content_hash)
            if kept is None and alike is not None and not _has_mailing(connection, alike):
                kept = alike  # nobody was sent it: what is stored now takes its place
            if kept is None:
                own = sha256(edition_hash.encode()).hexdigest() if alike is not None else content_hash
                values = row | {"slug": slug, "content_hash": own}
                kept = int(connection.execute(edition.insert().values(values).returning(edition.c.id)).scalar_one())
            elif not _has_mailing(connection, kept):
                connection.execute(edition.update().where(edition.c.id == kept).values(row))
                connection.execute(edition_form.delete().where(edition_form.c.edition_id == kept))
            _add_forms(connection, kept, forms)

    def latest(self, slug: str) -> Edition | None:
        """Return the public edition of an issue: that of the mailing which started last."""
        query = _public().where(edition.c.slug == slug).limit(1)
        with self._database.reading() as connection:
            found = connection.execute(query).mappings().one_or_none()
        return _edition(found) if found else None

    def read(self, edition_id: int, form: str) -> bytes | None:
        """Return one form of an edition, when it is stored."""
        query = select(edition_form.c.content)
        query = query.where(edition_form.c.edition_id == edition_id, edition_form.c.form == form)
        with self._database.reading() as connection:
            content: bytes | None = connection.execute(query).scalar()
        return content

    def every(self, slug: str, form: str) -> tuple[bytes, ...]:
        """Return one form of all editions of an issue that have it, oldest first."""
        query = select(edition_form.c.content).join_from(edition_form, edition)
        query = query.where(edition.c.slug == slug, edition_form.c.form == form).order_by(edition.c.id)
        with self._database.reading() as connection:
            return tuple(connection.execute(query).scalars())

    def dates(self, slug: str) -> dict[str, bytes]:
        """Return the calendar files of one date that any edition of an issue has, by name; the newest of each."""
        query = select(edition_form.c.form, edition_form.c.content).join_from(edition_form, edition)
        query = query.where(edition.c.slug == slug, edition_form.c.form.endswith(".ics")).order_by(edition.c.id)
        with self._database.reading() as connection:
            return {row.form.removesuffix(".ics"): row.content for row in connection.execute(query)}

    def all(self) -> tuple[Edition, ...]:
        """Return the public edition of every issue, the latest first."""
        with self._database.reading() as connection:
            rows = connection.execute(_public()).mappings().all()
        newest: dict[str, Edition] = {}
        for row in rows:
            newest.setdefault(str(row["slug"]), _edition(row))
        return tuple(sorted(newest.values(), key=lambda each: (each.sent_at, each.id), reverse=True))


# A mailing of before, or of a sender of the version before, names its edition by the content alone.
_IS_OF_MAILING = and_(
    edition.c.slug == mailing.c.slug,
    or_(
        edition.c.edition_hash == mailing.c.edition_hash,
        and_(mailing.c.edition_hash.is_(None), edition.c.content_hash == mailing.c.content_hash),
    ),
)


def _public() -> Select[Any]:
    """The editions that are public, those first whose mailing started last."""
    reached = exists().where(delivery.c.mailing_id == mailing.c.id, delivery.c.status.in_(_MAY_HAVE_IT))
    query = select(edition, func.min(mailing.c.started_at).label("sent_at")).join(mailing, _IS_OF_MAILING)
    query = query.where(mailing.c.started_at.is_not(None), or_(mailing.c.state != "cancelled", reached))
    query = query.where(mailing.c.kind == "issue")  # what one person gets again is not published for all by it
    return query.group_by(edition.c.id).order_by(func.max(mailing.c.started_at).desc(), edition.c.id.desc())


def _edition(row: Mapping[Any, Any]) -> Edition:
    return Edition(**{str(name): value for name, value in row.items()})


def _find(connection: Connection, *conditions: ColumnElement[bool]) -> int | None:
    found: int | None = connection.execute(select(edition.c.id).where(*conditions)).scalar()
    return found


def _has_mailing(connection: Connection, edition_id: int) -> bool:
    """Return whether a mailing of this edition is planned, or has started."""
    counts = or_(mailing.c.started_at.is_not(None), mailing.c.state != "cancelled")
    query = select(mailing.c.id).join_from(edition, mailing, _IS_OF_MAILING).where(edition.c.id == edition_id, counts)
    return connection.execute(query.limit(1)).first() is not None


def _add_forms(connection: Connection, edition_id: int, forms: Mapping[str, bytes]) -> None:
    has = select(edition_form.c.form).where(edition_form.c.edition_id == edition_id)
    kept = set(connection.execute(has).scalars())
    for form, content in forms.items():
        if form not in kept:
            connection.execute(edition_form.insert().values(edition_id=edition_id, form=form, content=content))
