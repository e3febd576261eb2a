"""Each mailing says whether it goes to lists or once more to people who were named, and then why."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("mailing", sa.Column("kind", sa.String(length=16), server_default="issue", nullable=False))
    op.add_column("mailing", sa.Column("of_id", Id, nullable=True))
    op.add_column("mailing", sa.Column("reason", sa.Text(), server_default="", nullable=False))
