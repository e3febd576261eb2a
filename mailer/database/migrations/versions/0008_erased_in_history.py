"""The history lets the address of a person being erased be replaced within its texts, and nothing else be changed."""

from alembic import op

revision = "0008"
down_revision = "0007"

_IS_KEPT = {
    "subscriber_event": "(SELECT erased_at FROM subscriber WHERE id = OLD.subscriber_id) IS NULL",
    "consent": """NOT EXISTS (SELECT 1 FROM subscription JOIN subscriber ON subscriber.id = subscription.subscriber_id
        WHERE subscription.id = OLD.subscription_id AND subscriber.erased_at IS NOT NULL)
        AND NOT EXISTS (SELECT 1 FROM import_run WHERE id = OLD.import_id AND undone_at IS NOT NULL)""",
    "decision": "TRUE",
}
_COLUMNS = {
    "subscriber_event": "id subscriber_id at actor action list_id import_id detail",
    "consent": "id subscription_id list_slug article basis method text_version recorded_at confirmed_at source "
    "source_line import_id",
    "decision": "id at actor action slug mailing_id detail",
}
_TEXTS = {"actor", "action", "detail", "list_slug", "article", "basis", "method", "text_version", "source", "slug"}
_MESSAGE = "the history is never changed"


def upgrade() -> None:
    connection = op.get_bind()
    make = _on_sqlite if connection.dialect.name == "sqlite" else _on_postgresql
    for table, is_kept in _IS_KEPT.items():
        for statement in make(table, is_kept):
            connection.exec_driver_sql(statement)


def _on_sqlite(table: str, _is_kept: str) -> tuple[str, ...]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
    may_change = _may_change(table, is_same="NEW.{0} IS OLD.{0}", is_marked="instr(NEW.{0}, '[erased]') > 0")
    return (
        f"DROP TRIGGER {table}_is_not_changed",
        f"CREATE TRIGGER {table}_is_not_changed BEFORE UPDATE ON {table} WHEN NOT ({may_change}) {refuse}",
    )


def _on_postgresql(table: str, is_kept: str) -> tuple[str, ...]:
    is_same, is_marked = "NEW.{0}::text IS NOT DISTINCT FROM OLD.{0}::text", "strpos(NEW.{0}::text, '[erased]') > 0"
    may_change = _may_change(table, is_same=is_same, is_marked=is_marked)
    return (
        f"""CREATE OR REPLACE FUNCTION refuse_to_change_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' THEN
                IF NOT ({is_kept}) THEN RETURN OLD; END IF;
            ELSIF TG_OP = 'UPDATE' THEN
                IF {may_change} THEN RETURN NEW; END IF;
            END IF;
            RAISE EXCEPTION '{_MESSAGE}';
        END $$""",
    )


def _may_change(table: str, *, is_same: str, is_marked: str) -> str:
    conditions = ["EXISTS (SELECT 1 FROM subscriber WHERE erased_at IS NOT NULL)"]
    for column in _COLUMNS[table].split():
        same = is_same.format(column)
        conditions.append(f"({same} OR {is_marked.format(column)})" if column in _TEXTS else same)
    return "\n            AND ".join(conditions)
