"""The whole schema on one page.

Times are UTC with microseconds, stored as text in ISO 8601 on SQLite and as timestamptz on PostgreSQL (`UtcTime`). Each
column of text or bytes says whether it holds personal data (`personal`). Migrations under `migrations/versions` lead to
exactly this schema; a test compares the two. Planned tables: docs/explanation/database.md.
"""

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from mailer.database.columns import Id, compared_by_byte, domain_of_row, folded_name_of_row
from mailer.database.moments import UtcTime
from mailer.database.names import words_on_postgresql
from mailer.database.personal import ADDRESS, HASH, IMPERSONAL, NAME, OPERATOR, PUBLISHED, WORDS

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


metadata = MetaData(naming_convention=NAMING)

# --- People -----------------------------------------------------------------------------------------

list_ = Table(
    "list",
    metadata,
    Column("id", Id, primary_key=True),
    Column("slug", String(64), nullable=False, unique=True, info=IMPERSONAL),
    Column("kind", String(16), nullable=False, info=IMPERSONAL),
    Column("position", Integer, nullable=False),
    Column("name_nb", Text, nullable=False, info=IMPERSONAL),
    Column("name_nn", Text, nullable=False, info=IMPERSONAL),
    Column("short", Text, nullable=False, info=IMPERSONAL),
    Column("region", String(16), nullable=False, server_default="", info=IMPERSONAL),
    Column("created_at", UtcTime, nullable=False),
    Column("merged_into_id", ForeignKey("list.id")),
)

# What is told of an import later: whom it brought, and that it was undone. Neither imports nor lists are ever deleted,
# so what an import writes refers to them by plain numbers: PostgreSQL would look up each foreign key of each row by
# itself, five million times for a million people.
import_run = Table(
    "import_run",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("actor", Text, nullable=False, info=OPERATOR),
    Column("files", JSON, nullable=False, info=WORDS),
    Column("counts", JSON, nullable=False, info=IMPERSONAL),
    Column("undone_at", UtcTime),
    Column("undone_by", Text, nullable=False, server_default="", info=OPERATOR),
)

# Lines that changed nothing: their import holds people whom another brought, also when that one is undone.
import_held = Table(
    "import_held",
    metadata,
    Column("id", Id, primary_key=True),
    Column("import_id", ForeignKey("import_run.id"), nullable=False, index=True),
    Column("list_id", ForeignKey("list.id"), nullable=False),
    Column("source", Text, nullable=False, info=WORDS),
    Column("number", Integer, nullable=False),
    Column("lines", LargeBinary, nullable=False, info=IMPERSONAL),  # numbers of people and lines, packed
)

subscriber = Table(
    "subscriber",
    metadata,
    Column("id", Id, primary_key=True),
    Column("address", compared_by_byte(320), nullable=False, unique=True, info=ADDRESS),  # normalised: matching only
    Column("address_as_given", String(320), nullable=False, info=ADDRESS),  # what mail is sent to
    Column("name", Text, nullable=False, server_default="", info=NAME),
    Column("name_folded", compared_by_byte(), nullable=False, server_default="", default=folded_name_of_row, info=NAME),
    Column("domain", compared_by_byte(255), nullable=False, default=domain_of_row, index=True, info=ADDRESS),
    Column("organisation", Text, nullable=False, server_default="", info=WORDS),
    Column("role", String(64), nullable=False, server_default="", info=IMPERSONAL),
    Column("lang", String(2), nullable=False, info=IMPERSONAL),
    Column("created_at", UtcTime, nullable=False),
    Column("source", Text, nullable=False, server_default="", info=WORDS),
    Column("import_id", Id),  # the import that brought the person
    Column("erased_at", UtcTime),  # set while the rows of a person are being deleted; `history_triggers` says why
    sqlite_autoincrement=True,  # a link in an old mail must never be somebody else's, so no number is given twice
)
Index(
    "ix_subscriber_name_words",
    words_on_postgresql(subscriber.c.name_folded),
    postgresql_using="gin",
).ddl_if(dialect="postgresql")

subscription = Table(
    "subscription",
    metadata,
    Column("id", Id, primary_key=True),
    Column("subscriber_id", ForeignKey("subscriber.id"), nullable=False),
    Column("list_id", Id, nullable=False, index=True),
    Column("status", String(16), nullable=False, info=IMPERSONAL),
    Column("since", UtcTime, nullable=False),
    UniqueConstraint("subscriber_id", "list_id"),
)

consent = Table(
    "consent",
    metadata,
    Column("id", Id, primary_key=True),
    Column("subscription_id", ForeignKey("subscription.id"), nullable=False),
    Column(
        "list_slug", String(64), nullable=False, info=IMPERSONAL
    ),  # the list it was given for, whatever becomes of the list
    Column("article", String(1), nullable=False, server_default="", info=IMPERSONAL),  # a, b or e of GDPR art. 6(1)
    Column("basis", Text, nullable=False, info=WORDS),
    Column("method", String(16), nullable=False, info=IMPERSONAL),
    Column("text_version", String(32), nullable=False, server_default="", info=IMPERSONAL),
    Column("recorded_at", UtcTime, nullable=False),
    Column("confirmed_at", UtcTime),
    Column("source", Text, nullable=False, server_default="", info=WORDS),
    Column("source_line", Integer),
    Column("import_id", Id, index=True),
)
# Whether a subscription rests on an import is asked for each of them; of two indexes SQLite would use either.
Index("ix_consent_subscription_id_import_id", consent.c.subscription_id, consent.c.import_id)

subscriber_event = Table(
    "subscriber_event",
    metadata,
    Column("id", Id, primary_key=True),
    Column("subscriber_id", ForeignKey("subscriber.id"), nullable=False, index=True),
    Column("at", UtcTime, nullable=False),
    Column("actor", Text, nullable=False, info=OPERATOR),
    Column("action", String(32), nullable=False, info=IMPERSONAL),
    Column("list_id", Id),
    Column("import_id", Id),
    Column("detail", JSON, nullable=False, info=WORDS),
)

# Leaves that were asked for on PostgreSQL while an import kept people from leaving at once, until they are taken in. By
# plain numbers: a foreign key would wait for those who change the person. On SQLite they stand beside the database.
leave_asked = Table(
    "leave_asked",
    metadata,
    Column("id", Id, primary_key=True),
    Column("subscriber_id", Id, nullable=False, index=True),
    Column("list_id", Id),  # empty: all lists
    Column("at", UtcTime, nullable=False),
    Column("actor", Text, nullable=False, info=OPERATOR),
)

suppression = Table(
    "suppression",
    metadata,
    Column("id", Id, primary_key=True),
    Column("address_hash", LargeBinary(32), nullable=False, info=HASH),
    Column("reason", String(32), nullable=False, info=IMPERSONAL),
    Column("scope", String(64), nullable=False, server_default="all", info=IMPERSONAL),  # or the slug of one list
    Column("note", Text, nullable=False, server_default="", info=WORDS),
    Column("since", UtcTime, nullable=False),
    Column("released_at", UtcTime),
    Column("release_note", Text, nullable=False, server_default="", info=WORDS),
    UniqueConstraint("address_hash", "scope"),
)

# --- Editions ---------------------------------------------------------------------------------------

edition = Table(
    "edition",
    metadata,
    Column("id", Id, primary_key=True),
    Column("slug", String(64), nullable=False, info=IMPERSONAL),
    Column("content_hash", String(64), nullable=False, info=IMPERSONAL),
    Column("title", Text, nullable=False, info=PUBLISHED),
    Column("lang", String(2), nullable=False, info=IMPERSONAL),
    Column("stored_at", UtcTime, nullable=False),
    Column(
        "edition_hash", String(80), info=IMPERSONAL
    ),  # which it is; empty: before revision 5, when the content said it
    # Holds since revision 1: a further edition of the same content has something of its own in place of its hash.
    UniqueConstraint("slug", "content_hash"),
)

edition_form = Table(
    "edition_form",
    metadata,
    Column("id", Id, primary_key=True),
    Column("edition_id", ForeignKey("edition.id"), nullable=False),
    Column("form", String(8), nullable=False, info=IMPERSONAL),
    Column("content", LargeBinary, nullable=False, info=PUBLISHED),
    UniqueConstraint("edition_id", "form"),
)

# --- Mailings ---------------------------------------------------------------------------------------

mailing = Table(
    "mailing",
    metadata,
    Column("id", Id, primary_key=True),
    Column("slug", String(64), nullable=False, index=True, info=IMPERSONAL),
    Column("state", String(16), nullable=False, info=IMPERSONAL),
    Column("content_hash", String(64), nullable=False, info=IMPERSONAL),
    Column(
        "snapshot_hash", String(64), nullable=False, server_default="", info=IMPERSONAL
    ),  # of the variants as they were frozen
    Column("lists", JSON, nullable=False, info=IMPERSONAL),
    Column("subject", Text, nullable=False, info=PUBLISHED),
    Column("in_doubt_policy", String(8), nullable=False, info=IMPERSONAL),
    Column("untested", Integer, nullable=False, server_default="0"),
    Column("ignored_findings", Integer, nullable=False, server_default="0"),  # errors sent in spite of
    Column("note", Text, nullable=False, server_default="", info=WORDS),  # why it stands still
    Column("created_at", UtcTime, nullable=False),
    Column("started_at", UtcTime),
    Column("finished_at", UtcTime),
    Column("actor", Text, nullable=False, server_default="", info=OPERATOR),  # who planned it; empty: before revision 4
    Column("edition_hash", String(80), info=IMPERSONAL),  # all that readers get; empty: before revision 5
    Column("place", String(80), info=IMPERSONAL),  # of the database it is sent from; empty: before revision 6
    Column("key_id", String(32), info=IMPERSONAL),  # which key signs its links; empty: before revision 6
    Column("kind", String(16), nullable=False, server_default="issue", info=IMPERSONAL),  # or a resend
    Column("of_id", Id),  # the mailing that a resend repeats
    Column("reason", Text, nullable=False, server_default="", info=WORDS),  # why it is sent again
    Column("start_at", UtcTime),  # when it is to start; empty: when a person says so
    Column("zone", String(64), info=IMPERSONAL),  # that the start was given in
    Column("start_local", String(16), info=IMPERSONAL),  # what its clock shows then, as 2026-12-01 08:00
)

# One unfinished mailing an issue at most: planning twice, or on two machines at once, changes nothing.
Index(
    "uq_mailing_unfinished_slug",
    mailing.c.slug,
    unique=True,
    sqlite_where=mailing.c.state.in_(["planned", "running", "paused", "missed"]),
    postgresql_where=mailing.c.state.in_(["planned", "running", "paused", "missed"]),
)

variant = Table(
    "variant",
    metadata,
    Column("id", Id, primary_key=True),
    Column("mailing_id", ForeignKey("mailing.id"), nullable=False),
    Column("key", String(512), nullable=False, info=IMPERSONAL),
    Column("compiled", LargeBinary, nullable=False, info=PUBLISHED),
    UniqueConstraint("mailing_id", "key"),
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", Id, primary_key=True),
    Column("mailing_id", ForeignKey("mailing.id"), nullable=False),
    Column("subscriber_id", ForeignKey("subscriber.id", ondelete="SET NULL")),
    Column("variant_id", ForeignKey("variant.id")),
    Column("address", String(320), nullable=False, info=ADDRESS),  # normalised: unique in the mailing
    Column("recipient", String(320), nullable=False, info=ADDRESS),  # as given: what goes on the wire
    Column("lists", Text, nullable=False, info=IMPERSONAL),  # slugs with a space between them
    Column("status", String(16), nullable=False, info=IMPERSONAL),
    Column("skip_reason", String(16), info=IMPERSONAL),
    Column("run_id", ForeignKey("run.id")),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("due_at", UtcTime),
    Column("deferred_since", UtcTime),
    Column("reply", Text, nullable=False, server_default="", info=WORDS),
    Column("changed_at", UtcTime, nullable=False),
    UniqueConstraint("mailing_id", "address"),
    CheckConstraint("(status = 'skipped') = (skip_reason IS NOT NULL)", name="skipped_has_reason"),
)
# Whether somebody has had an issue is asked for each of its audience, who have had many others.
Index("ix_delivery_subscriber_id_mailing_id", delivery.c.subscriber_id, delivery.c.mailing_id)
Index("ix_delivery_mailing_status", delivery.c.mailing_id, delivery.c.status, delivery.c.id)

attempt = Table(
    "attempt",
    metadata,
    Column("id", Id, primary_key=True),
    Column("delivery_id", ForeignKey("delivery.id"), nullable=False, index=True),
    Column("run_id", ForeignKey("run.id")),
    Column("at", UtcTime, nullable=False),
    Column("outcome", String(16), nullable=False, info=IMPERSONAL),
    Column("reply", Text, nullable=False, server_default="", info=WORDS),
)

run = Table(
    "run",
    metadata,
    Column("id", Id, primary_key=True),
    Column("mailing_id", ForeignKey("mailing.id"), nullable=False, index=True),
    Column("token", String(32), nullable=False, unique=True, info=IMPERSONAL),
    Column("host", Text, nullable=False, info=OPERATOR),
    Column("pid", Integer, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("heartbeat_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("marks", Integer, nullable=False, server_default="0"),  # final dots allowed: the epoch of the database
    Column("version", String(32), nullable=False, server_default="", info=IMPERSONAL),  # empty: before revision 13
)

test_send = Table(
    "test_send",
    metadata,
    Column("id", Id, primary_key=True),
    Column("slug", String(64), nullable=False, index=True, info=IMPERSONAL),
    Column("content_hash", String(64), nullable=False, info=IMPERSONAL),
    Column("recipient", String(320), nullable=False, info=ADDRESS),
    Column("at", UtcTime, nullable=False),
    Column("edition_hash", String(80), info=IMPERSONAL),  # empty: before revision 5, and counts as untested
)

rate_limit = Table(
    "rate_limit",
    metadata,
    Column("name", String(64), primary_key=True, info=IMPERSONAL),
    Column("next_at", UtcTime, nullable=False),
)

# --- Notices ----------------------------------------------------------------------------------------

# What the editor is told of a mailing, one row for each way: written in the transaction in which it happens, sent after
# it. `key` names mailing, event, occasion and way, so that it is written once. No foreign key: it goes when it is old.
outbox = Table(
    "outbox",
    metadata,
    Column("id", Id, primary_key=True),
    Column("way", String(16), nullable=False, info=IMPERSONAL),  # mail or webhook
    Column("key", String(160), nullable=False, unique=True, info=IMPERSONAL),
    Column("event", String(16), nullable=False, info=IMPERSONAL),
    Column("slug", String(64), nullable=False, info=IMPERSONAL),
    Column("mailing_id", Id),
    Column("detail", JSON, nullable=False, info=IMPERSONAL),  # numbers, and words of fixed sets
    Column("note", Text, nullable=False, server_default="", info=WORDS),  # why a mailing was paused
    Column("created_at", UtcTime, nullable=False),
    Column("due_at", UtcTime, nullable=False),  # of the next try; in flight: until when an answer may come
    Column("state", String(16), nullable=False, info=IMPERSONAL),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("reply", Text, nullable=False, server_default="", info=WORDS),
    Column("sent_at", UtcTime),
)

# --- Workers ----------------------------------------------------------------------------------------

worker = Table(
    "worker",
    metadata,
    Column("id", Id, primary_key=True),
    Column("token", String(32), nullable=False, unique=True, info=IMPERSONAL),
    Column("host", Text, nullable=False, info=OPERATOR),
    Column("pid", Integer, nullable=False),
    Column("version", String(32), nullable=False, info=IMPERSONAL),
    Column("processes", Integer, nullable=False),
    Column("doing", JSON, nullable=False, info=IMPERSONAL),  # issues that it sends, a word for each process, and duties
    Column("started_at", UtcTime, nullable=False),
    Column("heartbeat_at", UtcTime, nullable=False),
)

duty = Table(
    "duty",
    metadata,
    Column("name", String(32), primary_key=True, info=IMPERSONAL),
    Column("due_at", UtcTime, nullable=False),
    Column("last_ok_at", UtcTime),
    Column("last_error", Text, nullable=False, server_default="", info=WORDS),
)

# --- Operators --------------------------------------------------------------------------------------

# What operators decided, as `mailer log` shows it; never changed, never deleted (`history_triggers`). `detail` holds
# numbers, slugs and words of fixed sets, never an address, a name or a reason: whoever is erased does not stand here.
decision = Table(
    "decision",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("actor", Text, nullable=False, info=OPERATOR),
    Column("action", String(32), nullable=False, info=IMPERSONAL),
    Column("slug", String(64), index=True, info=IMPERSONAL),
    Column("mailing_id", Id),
    Column("detail", JSON, nullable=False, info=IMPERSONAL),
)
