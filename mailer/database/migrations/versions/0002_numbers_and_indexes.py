"""People are found by the words of their names, no number of a person is given twice, consents are found by import."""

import re
from unicodedata import category, normalize

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# More people than any register had before this: the numbers of those who are gone may stand in links of old mails.
_NUMBERS_BEFORE = 10_000_000

_subscriber = sa.table("subscriber", sa.column("id", Id), sa.column("name", sa.Text), sa.column("name_folded", sa.Text))

_MAXIMUM_LETTERS = 400
_WORD = re.compile(r"[^\W_]+")

_REFUSE = "BEGIN SELECT RAISE(ABORT, 'the history is never changed'); END"

# As they were made with this revision, whatever becomes of them later.
_ON_SQLITE = (
    """CREATE VIRTUAL TABLE name_word USING fts5(name_folded, content='subscriber', content_rowid='id',
        tokenize='ascii', detail='none', columnsize=0)""",
    """CREATE TRIGGER subscriber_has_name AFTER INSERT ON subscriber BEGIN
        INSERT INTO name_word (rowid, name_folded) VALUES (NEW.id, NEW.name_folded); END""",
    """CREATE TRIGGER subscriber_changes_name AFTER UPDATE OF id, name_folded ON subscriber BEGIN
        INSERT INTO name_word (name_word, rowid, name_folded) VALUES ('delete', OLD.id, OLD.name_folded);
        INSERT INTO name_word (rowid, name_folded) VALUES (NEW.id, NEW.name_folded); END""",
    """CREATE TRIGGER subscriber_loses_name AFTER DELETE ON subscriber BEGIN
        INSERT INTO name_word (name_word, rowid, name_folded) VALUES ('delete', OLD.id, OLD.name_folded); END""",
    "INSERT INTO name_word (name_word) VALUES ('rebuild')",
    *(
        f"""CREATE TRIGGER IF NOT EXISTS {table}_is_not_replaced BEFORE INSERT ON {table}
        WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id) {_REFUSE}"""  # noqa: S608 our own names
        for table in ("subscriber_event", "consent")
    ),
)


def upgrade() -> None:
    connection = op.get_bind()
    op.drop_index(op.f("ix_subscriber_name_folded"), "subscriber")
    op.drop_index(op.f("ix_consent_subscription_id"), "consent")
    op.create_index("ix_consent_subscription_id_import_id", "consent", ["subscription_id", "import_id"])
    if connection.dialect.name == "sqlite":
        _never_give_a_number_twice()
    _fold_names_anew(connection)
    if connection.dialect.name == "sqlite":
        for statement in _ON_SQLITE:
            op.execute(statement)
    else:
        words = sa.text("array_to_tsvector(string_to_array(name_folded, ' '))")
        op.create_index("ix_subscriber_name_words", "subscriber", [words], postgresql_using="gin")


def _never_give_a_number_twice() -> None:
    with op.batch_alter_table("subscriber", recreate="always", table_kwargs={"sqlite_autoincrement": True}):
        pass
    op.execute("DELETE FROM sqlite_sequence WHERE name = 'subscriber'")
    op.execute(
        f"""INSERT INTO sqlite_sequence (name, seq)
        SELECT 'subscriber', {_NUMBERS_BEFORE} + coalesce(max(id), 0) FROM subscriber"""  # noqa: S608 a number of ours
    )


def _fold_names_anew(connection: sa.Connection) -> None:
    """Most names are as they were: only punctuation goes."""
    people = connection.execute(sa.select(_subscriber)).all()
    changed = [
        {"who": row.id, "new": _fold_name(row.name)} for row in people if row.name_folded != _fold_name(row.name)
    ]
    if changed:
        same = _subscriber.c.id == sa.bindparam("who")
        connection.execute(_subscriber.update().where(same).values(name_folded=sa.bindparam("new")), changed)


def _fold_name(name: str) -> str:
    """The words of a name as this revision looked them up."""
    folded = name.casefold()
    if not folded.isascii():
        folded = normalize("NFC", folded)
    if folded.replace(" ", "").isalnum():
        words = folded.split()
    else:
        words = _WORD.findall(folded if folded.isascii() else _without_marks(folded))
    return " ".join(words)[:_MAXIMUM_LETTERS].rstrip()


def _without_marks(text: str) -> str:
    return normalize("NFC", "".join(sign for sign in text if not category(sign).startswith("M")))
