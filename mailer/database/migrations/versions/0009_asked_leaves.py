"""Leaves that were asked for while others kept people from leaving at once wait in a table of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    time = sa.TIMESTAMP(timezone=True) if op.get_bind().dialect.name == "postgresql" else sa.String(length=32)
    op.create_table(
        "leave_asked",
        sa.Column("id", Id, nullable=False),
        sa.Column("subscriber_id", Id, nullable=False),
        sa.Column("list_id", Id, nullable=True),
        sa.Column("at", time, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_leave_asked"),
    )
    op.create_index("ix_leave_asked_subscriber_id", "leave_asked", ["subscriber_id"])
