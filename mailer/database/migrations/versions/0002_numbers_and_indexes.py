"""People are found by the words of their names, no number of a person is given twice, consents are found by import."""

import sqlalchemy as sa
from alembic import op

from mailer.database.names import fold_name, make_name_index, words_on_postgresql
from mailer.database.tables import Id

revision = "0002"
down_revision = "0001"

_subscriber = sa.table("subscriber", sa.column("id", Id), sa.column("name", sa.Text), sa.column("name_folded", sa.Text))


def upgrade() -> None:
    connection = op.get_bind()
    op.drop_index(op.f("ix_subscriber_name_folded"), "subscriber")
    if connection.dialect.name == "sqlite":
        with op.batch_alter_table("subscriber", recreate="always", table_kwargs={"sqlite_autoincrement": True}):
            pass
    op.drop_index(op.f("ix_consent_subscription_id"), "consent")
    op.create_index("ix_consent_subscription_id_import_id", "consent", ["subscription_id", "import_id"])
    _fold_names_anew(connection)
    if connection.dialect.name == "postgresql":
        words = words_on_postgresql(_subscriber.c.name_folded)
        op.create_index("ix_subscriber_name_words", "subscriber", [words], postgresql_using="gin")
    make_name_index(connection)


def _fold_names_anew(connection: sa.Connection) -> None:
    """Most names are as they were: only punctuation goes."""
    people = connection.execute(sa.select(_subscriber)).all()
    changed = [{"who": row.id, "new": fold_name(row.name)} for row in people if row.name_folded != fold_name(row.name)]
    if changed:
        same = _subscriber.c.id == sa.bindparam("who")
        connection.execute(_subscriber.update().where(same).values(name_folded=sa.bindparam("new")), changed)
