"""Write a database out as statements: `python tests/data/databases/write.py URL > REVISION.KIND.sql`."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

from sqlalchemy import make_url


def sqlite_statements(file: str) -> Iterator[str]:
    """Tables, rows, then what is made of them; tables that SQLite or the index of names keep for themselves are not."""
    with closing(sqlite3.connect(file)) as connection:
        made = connection.execute("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid")
        objects = [each for each in made.fetchall() if not each[1].startswith(("name_word_", "sqlite_"))]
        tables = [each for each in objects if each[0] == "table" and "VIRTUAL" not in each[2]]
        yield from (sql for _, _, sql in tables)
        for _, name, _ in tables:
            yield from _inserts(connection, name)
        yield "DELETE FROM sqlite_sequence"
        yield from _inserts(connection, "sqlite_sequence")
        for kind, name, sql in objects:
            if kind == "table" and "VIRTUAL" in sql:
                yield sql
                yield f"INSERT INTO {name} ({name}) VALUES ('rebuild')"
        yield from (sql for kind, _, sql in objects if kind in {"index", "trigger"})


def _inserts(connection: sqlite3.Connection, table: str) -> Iterator[str]:
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info('{table}')")]
    values = " || ',' || ".join(f'quote("{each}")' for each in columns)
    for (row,) in connection.execute(f'SELECT {values} FROM "{table}"'):
        yield f'INSERT INTO "{table}" VALUES({row})'


def postgresql_lines(url: str) -> Iterator[str]:
    """What `pg_dump` writes, less what is only for `psql` or for the server it came from."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    command = ["pg_dump", "--no-owner", "--no-privileges", "--inserts", "--dbname", plain]
    for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines():
        if line.strip() and not line.startswith(("--", "\\", "SET ")) and "'search_path'" not in line:
            yield line


def main(url: str) -> None:
    """Print the statements."""
    if url.startswith("sqlite"):
        sys.stdout.writelines(f"{each};\n" for each in sqlite_statements(str(make_url(url).database)))
    else:
        sys.stdout.writelines(f"{each}\n" for each in postgresql_lines(url))


if __name__ == "__main__":
    main(sys.argv[1])
