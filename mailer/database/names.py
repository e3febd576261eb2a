"""Looking people up by the words of their names, in the full-text index that the database keeps by itself.

`name_folded` holds the words of a name, casefolded, with single spaces between them. On SQLite an FTS5 table of these
words is kept by triggers (https://www.sqlite.org/fts5.html#external_content_tables); on PostgreSQL a GIN index is.
"""

import re
from collections.abc import Sequence
from typing import Any
from unicodedata import category, normalize

from sqlalchemy import (
    ColumnElement,
    Connection,
    Function,
    Select,
    Table,
    Text,
    cast,
    column,
    func,
    literal,
    literal_column,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import TSQUERY

# PostgreSQL refuses a word of more than 2,046 bytes; nobody types that many letters to find somebody.
MAXIMUM_LETTERS = 400

_WORD = re.compile(r"[^\W_]+")

# Words stand between spaces already, so the tokenizer has nothing to decide, and nothing is kept of where they stood.
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
)

# Makes the index anew: the words of who is gone stay in it until then.
REBUILD_ON_SQLITE = "INSERT INTO name_word (name_word) VALUES ('rebuild')"

_name_word = table("name_word", column("rowid"), column("name_word"))


def fold_name(name: str) -> str:
    """Return the words of a name as they are looked up: casefolded, without punctuation, single spaces between them.

    Marks that are no part of a letter go, or they would split the word: `İ` is casefolded to an i and a dot above it.
    """
    folded = name.casefold()
    if not folded.isascii():
        folded = normalize("NFC", folded)
    if folded.replace(" ", "").isalnum():
        words = folded.split()
    else:
        words = _WORD.findall(folded if folded.isascii() else _without_marks(folded))
    return " ".join(words)[:MAXIMUM_LETTERS].rstrip()


def _without_marks(text: str) -> str:
    return normalize("NFC", "".join(sign for sign in text if not category(sign).startswith("M")))


def make_name_index(connection: Connection) -> None:
    """Make the index of a SQLite database and fill it; PostgreSQL's stands among the indexes of the table."""
    if connection.dialect.name == "sqlite":
        for statement in (*_ON_SQLITE, REBUILD_ON_SQLITE):
            connection.exec_driver_sql(statement)


def words_on_postgresql(name_folded: ColumnElement[str]) -> Function[Any]:
    """Return the expression that the index on PostgreSQL has; only a query for the same one uses it."""
    return func.array_to_tsvector(func.string_to_array(name_folded, literal_column("' '")))


def select_ids_by_name(connection: Connection, people: Table, words: Sequence[str]) -> Select[int]:
    """The numbers of people in whose name each of the words begins a word, in whatever order; the words are folded."""
    if connection.dialect.name == "sqlite":
        fits = _name_word.c.name_word.op("MATCH")(" AND ".join(f'"{word}"*' for word in words))
        return select(_name_word.c.rowid).where(fits).order_by(_name_word.c.rowid)
    wanted = literal(" & ".join(f"'{word}':*" for word in words), Text)
    fits = words_on_postgresql(people.c.name_folded).op("@@")(cast(wanted, TSQUERY))
    # PostgreSQL thinks the beginnings of names so frequent that it would rather read through the table for some.
    found = select(people.c.id).where(fits).cte("found").prefix_with("MATERIALIZED")
    return select(found.c.id)
