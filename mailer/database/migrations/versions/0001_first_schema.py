"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# As they were made with this revision, whatever becomes of them later.
Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UtcTime = sa.String(32).with_variant(sa.TIMESTAMP(timezone=True), "postgresql")

_IS_KEPT = {
    "subscriber_event": "(SELECT erased_at FROM subscriber WHERE id = OLD.subscriber_id) IS NULL",
    "consent": """NOT EXISTS (SELECT 1 FROM subscription JOIN subscriber ON subscriber.id = subscription.subscriber_id
        WHERE subscription.id = OLD.subscription_id AND subscriber.erased_at IS NOT NULL)
        AND NOT EXISTS (SELECT 1 FROM import_run WHERE id = OLD.import_id AND undone_at IS NOT NULL)""",
}
_MESSAGE = "the history is never changed"


def compared_by_byte(length: int | None = None) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "list",
        sa.Column("id", Id, nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name_nb", sa.Text(), nullable=False),
        sa.Column("name_nn", sa.Text(), nullable=False),
        sa.Column("short", sa.Text(), nullable=False),
        sa.Column("region", sa.String(length=16), server_default="", nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("merged_into_id", Id, nullable=True),
        sa.ForeignKeyConstraint(["merged_into_id"], ["list.id"], name=op.f("fk_list_merged_into_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list")),
        sa.UniqueConstraint("slug", name=op.f("uq_list_slug")),
    )
    op.create_table(
        "import_run",
        sa.Column("id", Id, nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("undone_at", UtcTime, nullable=True),
        sa.Column("undone_by", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_run")),
    )
    op.create_table(
        "edition",
        sa.Column("id", Id, nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("lang", sa.String(length=2), nullable=False),
        sa.Column("stored_at", UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_edition")),
        sa.UniqueConstraint("slug", "content_hash", name=op.f("uq_edition_slug_content_hash")),
    )
    op.create_table(
        "edition_form",
        sa.Column("id", Id, nullable=False),
        sa.Column("edition_id", Id, nullable=False),
        sa.Column("form", sa.String(length=8), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name=op.f("fk_edition_form_edition_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_edition_form")),
        sa.UniqueConstraint("edition_id", "form", name=op.f("uq_edition_form_edition_id_form")),
    )
    op.create_table(
        "mailing",
        sa.Column("id", Id, nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("snapshot_hash", sa.String(length=64), server_default="", nullable=False),
        sa.Column("lists", sa.JSON(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("in_doubt_policy", sa.String(length=8), nullable=False),
        sa.Column("untested", sa.Integer(), server_default="0", nullable=False),
        sa.Column("ignored_findings", sa.Integer(), server_default="0", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("started_at", UtcTime, nullable=True),
        sa.Column("finished_at", UtcTime, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailing")),
    )
    op.create_index(op.f("ix_mailing_slug"), "mailing", ["slug"], unique=False)
    op.create_index(
        "uq_mailing_unfinished_slug",
        "mailing",
        ["slug"],
        unique=True,
        sqlite_where=sa.text("state IN ('planned', 'running', 'paused')"),
        postgresql_where=sa.text("state IN ('planned', 'running', 'paused')"),
    )
    op.create_table(
        "rate_limit",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("next_at", UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_rate_limit")),
    )
    op.create_table(
        "subscriber",
        sa.Column("id", Id, nullable=False),
        sa.Column("address", compared_by_byte(320), nullable=False),
        sa.Column("address_as_given", sa.String(length=320), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("name_folded", compared_by_byte(), server_default="", nullable=False),
        sa.Column("domain", compared_by_byte(255), nullable=False),
        sa.Column("organisation", sa.Text(), server_default="", nullable=False),
        sa.Column("role", sa.String(length=64), server_default="", nullable=False),
        sa.Column("lang", sa.String(length=2), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("import_id", Id, nullable=True),
        sa.Column("erased_at", UtcTime, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriber")),
        sa.UniqueConstraint("address", name=op.f("uq_subscriber_address")),
    )
    op.create_index(op.f("ix_subscriber_domain"), "subscriber", ["domain"], unique=False)
    op.create_index(op.f("ix_subscriber_name_folded"), "subscriber", ["name_folded"], unique=False)
    op.create_table(
        "suppression",
        sa.Column("id", Id, nullable=False),
        sa.Column("address_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("scope", sa.String(length=64), server_default="all", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("since", UtcTime, nullable=False),
        sa.Column("released_at", UtcTime, nullable=True),
        sa.Column("release_note", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppression")),
        sa.UniqueConstraint("address_hash", "scope", name=op.f("uq_suppression_address_hash_scope")),
    )
    op.create_table(
        "test_send",
        sa.Column("id", Id, nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("recipient", sa.String(length=320), nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_send")),
    )
    op.create_index(op.f("ix_test_send_slug"), "test_send", ["slug"], unique=False)
    op.create_table(
        "run",
        sa.Column("id", Id, nullable=False),
        sa.Column("mailing_id", Id, nullable=False),
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started_at", UtcTime, nullable=False),
        sa.Column("heartbeat_at", UtcTime, nullable=False),
        sa.Column("ended_at", UtcTime, nullable=True),
        sa.Column("marks", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["mailing_id"], ["mailing.id"], name=op.f("fk_run_mailing_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
        sa.UniqueConstraint("token", name=op.f("uq_run_token")),
    )
    op.create_index(op.f("ix_run_mailing_id"), "run", ["mailing_id"], unique=False)
    op.create_table(
        "subscriber_event",
        sa.Column("id", Id, nullable=False),
        sa.Column("subscriber_id", Id, nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("list_id", Id, nullable=True),
        sa.Column("import_id", Id, nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("fk_subscriber_event_subscriber_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriber_event")),
    )
    op.create_index(op.f("ix_subscriber_event_subscriber_id"), "subscriber_event", ["subscriber_id"], unique=False)
    op.create_table(
        "subscription",
        sa.Column("id", Id, nullable=False),
        sa.Column("subscriber_id", Id, nullable=False),
        sa.Column("list_id", Id, nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("since", UtcTime, nullable=False),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("fk_subscription_subscriber_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription")),
        sa.UniqueConstraint("subscriber_id", "list_id", name=op.f("uq_subscription_subscriber_id_list_id")),
    )
    op.create_index(op.f("ix_subscription_list_id"), "subscription", ["list_id"], unique=False)
    op.create_table(
        "variant",
        sa.Column("id", Id, nullable=False),
        sa.Column("mailing_id", Id, nullable=False),
        sa.Column("key", sa.String(length=512), nullable=False),
        sa.Column("compiled", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["mailing_id"], ["mailing.id"], name=op.f("fk_variant_mailing_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_variant")),
        sa.UniqueConstraint("mailing_id", "key", name=op.f("uq_variant_mailing_id_key")),
    )
    op.create_table(
        "consent",
        sa.Column("id", Id, nullable=False),
        sa.Column("subscription_id", Id, nullable=False),
        sa.Column("list_slug", sa.String(length=64), nullable=False),
        sa.Column("article", sa.String(length=1), server_default="", nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("text_version", sa.String(length=32), server_default="", nullable=False),
        sa.Column("recorded_at", UtcTime, nullable=False),
        sa.Column("confirmed_at", UtcTime, nullable=True),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("source_line", sa.Integer(), nullable=True),
        sa.Column("import_id", Id, nullable=True),
        sa.ForeignKeyConstraint(["subscription_id"], ["subscription.id"], name=op.f("fk_consent_subscription_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    op.create_index(op.f("ix_consent_import_id"), "consent", ["import_id"], unique=False)
    op.create_index(op.f("ix_consent_subscription_id"), "consent", ["subscription_id"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("id", Id, nullable=False),
        sa.Column("mailing_id", Id, nullable=False),
        sa.Column("subscriber_id", Id, nullable=True),
        sa.Column("variant_id", Id, nullable=True),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("recipient", sa.String(length=320), nullable=False),
        sa.Column("lists", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("skip_reason", sa.String(length=16), nullable=True),
        sa.Column("run_id", Id, nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", UtcTime, nullable=True),
        sa.Column("deferred_since", UtcTime, nullable=True),
        sa.Column("reply", sa.Text(), server_default="", nullable=False),
        sa.Column("changed_at", UtcTime, nullable=False),
        sa.CheckConstraint(
            "(status = 'skipped') = (skip_reason IS NOT NULL)", name=op.f("ck_delivery_skipped_has_reason")
        ),
        sa.ForeignKeyConstraint(["mailing_id"], ["mailing.id"], name=op.f("fk_delivery_mailing_id")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_delivery_run_id")),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name=op.f("fk_delivery_subscriber_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["variant_id"], ["variant.id"], name=op.f("fk_delivery_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("mailing_id", "address", name=op.f("uq_delivery_mailing_id_address")),
    )
    op.create_index("ix_delivery_mailing_status", "delivery", ["mailing_id", "status", "id"], unique=False)
    op.create_index(op.f("ix_delivery_subscriber_id"), "delivery", ["subscriber_id"], unique=False)
    op.create_table(
        "attempt",
        sa.Column("id", Id, nullable=False),
        sa.Column("delivery_id", Id, nullable=False),
        sa.Column("run_id", Id, nullable=True),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("reply", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_attempt_delivery_id")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_attempt_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
    )
    op.create_index(op.f("ix_attempt_delivery_id"), "attempt", ["delivery_id"], unique=False)
    _protect_history(op.get_bind())


def _protect_history(connection: sa.Connection) -> None:
    make = _on_sqlite if connection.dialect.name == "sqlite" else _on_postgresql
    for table, is_kept in _IS_KEPT.items():
        for statement in make(table, is_kept):
            connection.exec_driver_sql(statement)


def _on_sqlite(table: str, is_kept: str) -> tuple[str, ...]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
    return (
        # REPLACE would delete a row without asking the last of these.
        f"""CREATE TRIGGER {table}_is_not_replaced BEFORE INSERT ON {table}
        WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id) {refuse}""",  # noqa: S608 our own names
        f"CREATE TRIGGER {table}_is_not_changed BEFORE UPDATE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_is_not_deleted BEFORE DELETE ON {table} WHEN {is_kept} {refuse}",
    )


def _on_postgresql(table: str, is_kept: str) -> tuple[str, ...]:
    return (
        f"""CREATE FUNCTION refuse_to_change_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' THEN
                IF NOT ({is_kept}) THEN RETURN OLD; END IF;
            END IF;
            RAISE EXCEPTION '{_MESSAGE}';
        END $$""",
        f"""CREATE TRIGGER {table}_is_kept BEFORE UPDATE OR DELETE ON {table}
        FOR EACH ROW EXECUTE FUNCTION refuse_to_change_{table}()""",
        f"""CREATE TRIGGER {table}_is_not_truncated BEFORE TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_{table}()""",
    )
