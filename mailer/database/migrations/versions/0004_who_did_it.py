"""Each mailing knows who planned it, and what operators decide is written down for good."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UtcTime = sa.String(32).with_variant(sa.TIMESTAMP(timezone=True), "postgresql")

_REFUSE = "BEGIN SELECT RAISE(ABORT, 'the history is never changed'); END"

_ON_SQLITE = (
    f"""CREATE TRIGGER decision_is_not_replaced BEFORE INSERT ON decision
        WHEN EXISTS (SELECT 1 FROM decision WHERE id = NEW.id) {_REFUSE}""",  # noqa: S608 our own names
    f"CREATE TRIGGER decision_is_not_changed BEFORE UPDATE ON decision {_REFUSE}",
    f"CREATE TRIGGER decision_is_not_deleted BEFORE DELETE ON decision WHEN TRUE {_REFUSE}",
)
_ON_POSTGRESQL = (
    """CREATE FUNCTION refuse_to_change_decision() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' THEN
                IF NOT (TRUE) THEN RETURN OLD; END IF;
            END IF;
            RAISE EXCEPTION 'the history is never changed';
        END $$""",
    """CREATE TRIGGER decision_is_kept BEFORE UPDATE OR DELETE ON decision
        FOR EACH ROW EXECUTE FUNCTION refuse_to_change_decision()""",
    """CREATE TRIGGER decision_is_not_truncated BEFORE TRUNCATE ON decision
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_decision()""",
)


def upgrade() -> None:
    op.add_column("mailing", sa.Column("actor", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "decision",
        sa.Column("id", Id, nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=True),
        sa.Column("mailing_id", Id, nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
    )
    op.create_index(op.f("ix_decision_slug"), "decision", ["slug"], unique=False)
    connection = op.get_bind()
    for statement in _ON_SQLITE if connection.dialect.name == "sqlite" else _ON_POSTGRESQL:
        connection.exec_driver_sql(statement)
