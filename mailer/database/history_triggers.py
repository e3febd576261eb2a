"""Triggers that keep the history of people, consents and decisions from being changed.

Two things may be deleted. The rows of a person being erased or purged, which is why `erased_at` is set first. And the
consents of an import that is undone: the events that tell of it stay. Decisions are kept for good: they name no
subscriber.

One thing may be changed: the address of a person being erased, within a text, into `ERASED`. No number and no time
changes with it.
"""

from sqlalchemy import JSON, Column, Connection, String

from mailer.database.moments import UtcTime
from mailer.database.tables import metadata

ERASED = "[erased]"
"""What takes the place of an erased address; the triggers of every database know it, so it is never another."""

_IS_KEPT = {
    "subscriber_event": "(SELECT erased_at FROM subscriber WHERE id = OLD.subscriber_id) IS NULL",
    "consent": """NOT EXISTS (SELECT 1 FROM subscription JOIN subscriber ON subscriber.id = subscription.subscriber_id
        WHERE subscription.id = OLD.subscription_id AND subscriber.erased_at IS NOT NULL)
        AND NOT EXISTS (SELECT 1 FROM import_run WHERE id = OLD.import_id AND undone_at IS NOT NULL)""",
    "decision": "TRUE",
}
_IS_ERASING = "EXISTS (SELECT 1 FROM subscriber WHERE erased_at IS NOT NULL)"
_MESSAGE = "the history is never changed"


def protect_history(connection: Connection) -> None:
    """Make the triggers; the tables must be there."""
    make = _on_sqlite if connection.dialect.name == "sqlite" else _on_postgresql
    for table, is_kept in _IS_KEPT.items():
        for statement in make(table, is_kept):
            connection.exec_driver_sql(statement)


def _on_sqlite(table: str, is_kept: str) -> tuple[str, ...]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
    may_change = _may_change(table, is_same="NEW.{0} IS OLD.{0}", is_marked="instr(NEW.{0}, '{1}') > 0")
    return (
        # REPLACE would delete a row without asking the last of these.
        f"""CREATE TRIGGER {table}_is_not_replaced BEFORE INSERT ON {table}
        WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id) {refuse}""",  # noqa: S608 our own names
        f"CREATE TRIGGER {table}_is_not_changed BEFORE UPDATE ON {table} WHEN NOT ({may_change}) {refuse}",
        f"CREATE TRIGGER {table}_is_not_deleted BEFORE DELETE ON {table} WHEN {is_kept} {refuse}",
    )


def _on_postgresql(table: str, is_kept: str) -> tuple[str, ...]:
    is_same, is_marked = "NEW.{0}::text IS NOT DISTINCT FROM OLD.{0}::text", "strpos(NEW.{0}::text, '{1}') > 0"
    may_change = _may_change(table, is_same=is_same, is_marked=is_marked)
    return (
        f"""CREATE FUNCTION refuse_to_change_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' THEN
                IF NOT ({is_kept}) THEN RETURN OLD; END IF;
            ELSIF TG_OP = 'UPDATE' THEN
                IF {may_change} THEN RETURN NEW; END IF;
            END IF;
            RAISE EXCEPTION '{_MESSAGE}';
        END $$""",
        f"""CREATE TRIGGER {table}_is_kept BEFORE UPDATE OR DELETE ON {table}
        FOR EACH ROW EXECUTE FUNCTION refuse_to_change_{table}()""",
        f"""CREATE TRIGGER {table}_is_not_truncated BEFORE TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_{table}()""",
    )


def _may_change(table: str, *, is_same: str, is_marked: str) -> str:
    """Return the condition for a change: while a person is erased, of texts alone, and into ones with the mark."""
    conditions = [_IS_ERASING]
    for column in metadata.tables[table].c:
        same = is_same.format(column.name)
        marked = is_marked.format(column.name, ERASED)
        conditions.append(f"({same} OR {marked})" if _is_text(column) else same)
    return "\n            AND ".join(conditions)


def _is_text(column: Column[object]) -> bool:
    return isinstance(column.type, String | JSON) and not isinstance(column.type, UtcTime)
