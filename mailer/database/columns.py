"""Types and defaults that several columns have."""

from sqlalchemy import BigInteger, Integer, String
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.types import TypeEngine

from mailer.database.names import fold_name

# SQLite gives an INTEGER PRIMARY KEY its row ids only when the type is spelt INTEGER.
Id = BigInteger().with_variant(Integer, "sqlite")


def folded_name_of_row(context: DefaultExecutionContext) -> str:
    """Return the name as it is looked up: neither database knows that Å is å."""
    row: dict[str, str] = context.get_current_parameters()  # type: ignore[no-untyped-call]  # SQLAlchemy's gap
    return fold_name(row.get("name", ""))


def domain_of_row(context: DefaultExecutionContext) -> str:
    """Return the domain of the address of a row."""
    row: dict[str, str] = context.get_current_parameters()  # type: ignore[no-untyped-call]  # SQLAlchemy's gap
    return row["address"].rpartition("@")[2]


def compared_by_byte(length: int | None = None) -> TypeEngine[str]:
    """Return text whose beginning an index finds on both databases; PostgreSQL's own order hinders it."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")
