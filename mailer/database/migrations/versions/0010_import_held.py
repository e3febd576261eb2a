"""Lines of an import that changed nothing are kept, so that it holds their people when another import is undone."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "import_held",
        sa.Column("id", Id, nullable=False),
        sa.Column("import_id", Id, nullable=False),
        sa.Column("list_id", Id, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("lines", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["import_run.id"], name=op.f("fk_import_held_import_id")),
        sa.ForeignKeyConstraint(["list_id"], ["list.id"], name=op.f("fk_import_held_list_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_held")),
    )
    op.create_index("ix_import_held_import_id", "import_held", ["import_id"])
