"""Marks that say for each column whether it holds personal data, and whose.

Each column of text, JSON or bytes carries one of these as `info`; a test refuses one that does not. Erasing a person
walks the columns by it, also those that are added later.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, MetaData


class Personal(StrEnum):
    """The kind of personal data that may stand in a column."""

    NONE = "none"  # a slug, a hash of content, a word of a fixed set, a number
    ADDRESS = "address"  # of the person whom the row is about
    NAME = "name"  # of the person whom the row is about
    WORDS = "words"  # what people or mail servers wrote: it may name anybody
    OPERATOR = "operator"  # the user name, or the machine's, of somebody who works with mailer
    PUBLISHED = "published"  # what all readers got: erasing a reader leaves it as it is
    HASH = "hash"  # a keyed hash of an address, which is all that is kept of somebody who was erased


IMPERSONAL, ADDRESS, NAME, WORDS, OPERATOR, PUBLISHED, HASH = ({"personal": each} for each in Personal)


def statement_of(column: Column[Any]) -> Personal | None:
    """Return the mark of a column, if it has one."""
    return column.info.get("personal")


def columns_with(schema: MetaData, *kinds: Personal) -> Iterator[Column[Any]]:
    """The columns that say so of themselves, in the order of the tables."""
    for table in schema.sorted_tables:
        for column in table.c:
            if statement_of(column) in kinds:
                yield column
