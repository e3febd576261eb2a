"""A mailing may start at a time: in UTC, with the zone and what its clock shows; a start that passed counts as open."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

OPEN = sa.text("state IN ('planned', 'running', 'paused', 'missed')")


def upgrade() -> None:
    moment = sa.String(length=32).with_variant(sa.TIMESTAMP(timezone=True), "postgresql")
    op.add_column("mailing", sa.Column("start_at", moment, nullable=True))
    op.add_column("mailing", sa.Column("zone", sa.String(length=64), nullable=True))
    op.add_column("mailing", sa.Column("start_local", sa.String(length=16), nullable=True))
    op.drop_index("uq_mailing_unfinished_slug", "mailing")
    name, columns = "uq_mailing_unfinished_slug", ["slug"]
    op.create_index(name, "mailing", columns, unique=True, sqlite_where=OPEN, postgresql_where=OPEN)
