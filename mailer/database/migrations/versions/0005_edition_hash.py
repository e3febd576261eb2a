"""Test-sends, mailings and editions know by one hash all that readers get; empty: from before."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    for table in ("edition", "mailing", "test_send"):
        op.add_column(table, sa.Column("edition_hash", sa.String(length=80), nullable=True))
