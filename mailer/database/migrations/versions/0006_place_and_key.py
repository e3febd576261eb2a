"""Mailings know the place they are sent from, and which key signs their links; empty: from before."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("mailing", sa.Column("place", sa.String(length=80), nullable=True))
    op.add_column("mailing", sa.Column("key_id", sa.String(length=32), nullable=True))
