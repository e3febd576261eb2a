"""Whether a person has had an issue is found by the person's number, also among many mailings."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_index("ix_delivery_subscriber_id_mailing_id", "delivery", ["subscriber_id", "mailing_id"])
    op.drop_index(op.f("ix_delivery_subscriber_id"), "delivery")
