"""Triggers that keep the history of people, consents and decisions from being changed.

Two things may be deleted, never changed. The rows of a person being erased or purged, which is why `erased_at` is set
first. And the consents of an import that is undone: the events that tell of it stay. Decisions are kept for good: they
name no subscriber.
"""

from sqlalchemy import Connection

_IS_KEPT = {
    "subscriber_event": "(SELECT erased_at FROM subscriber WHERE id = OLD.subscriber_id) IS NULL",
    "consent": """NOT EXISTS (SELECT 1 FROM subscription JOIN subscriber ON subscriber.id = subscription.subscriber_id
        WHERE subscription.id = OLD.subscription_id AND subscriber.erased_at IS NOT NULL)
        AND NOT EXISTS (SELECT 1 FROM import_run WHERE id = OLD.import_id AND undone_at IS NOT NULL)""",
    "decision": "TRUE",
}
_MESSAGE = "the history is never changed"


def protect_history(connection: Connection) -> None:
    """Make the triggers; the tables must be there."""
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
