"""`erase` says in counts what it did, and names what is left for a person to decide, with a way to change each."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mailer.cli import erasing
from mailer.database.tables import metadata
from mailer.subscribers.rights.unpacking import Unread

Run = Callable[..., Any]
KARI, NAME = "kari@agder.example", "Kari Nordmann"


@pytest.fixture
def described(mailer: Run, workspace: Path) -> str:
    """A workspace in which others' facts, what was published and files name Kari."""
    added = ("subscribers", "add", "ny@x.example", "--list", "oslo", "--name", f"for {NAME}")
    assert mailer(*added, "--basis", f"a: meldt på av {KARI}").code == 0
    with closing(sqlite3.connect(workspace / "var" / "mailer.sqlite3")) as connection, connection:
        row = "'2023-12', 'h', ?, 'nb', '2023-12-01T08:00:00.000000+00:00'"
        columns = "slug, content_hash, title, lang, stored_at"
        connection.execute(f"INSERT INTO edition ({columns}) VALUES ({row})", [f"Spør {KARI} eller {NAME}"])
    (workspace / "plan.pdf").write_bytes(b"%PDF-1.7")
    return KARI


def test_a_dry_run_says_what_would_go_and_changes_nothing(mailer: Run, described: str) -> None:
    tried = mailer("subscribers", "erase", described, "--dry-run")
    assert tried.code == 0
    assert f"{KARI} would be erased. Nothing was changed." in tried.out
    assert "Replaced by [erased] in what belongs to others: 1 row." in tried.out
    assert "rewritten" not in tried.out
    assert mailer("subscribers", "show", KARI, "--json").json["name"] == NAME
    assert mailer("subscribers", "erase", described, "--dry-run", "--json").json["applied"] is False
    nobody = mailer("subscribers", "erase", "ingen@x.example", "--dry-run").out
    assert "ingen@x.example is no subscriber and would be kept out. Nothing was changed." in nobody


def test_what_is_left_is_named_with_a_way_to_change_it(mailer: Run, described: str, workspace: Path) -> None:
    lines = [" ".join(each.split()) for each in mailer("subscribers", "erase", described, "--yes").out.splitlines()]
    published = "edition.title, row 1: in what was published; only another issue can correct it"
    facts = "what is stored about somebody on the lists; an import with other words replaces it"
    (person,) = [each for each in lines if each.endswith(facts)]
    row = person.removeprefix("subscriber.name, row ").partition(":")[0]
    assert lines == [
        f"{KARI} is erased.",
        "Kept for the counts, without the address: 0 deliveries.",
        "Replaced by [erased] in what belongs to others: 1 row.",
        f"The address still stands in a file of the database: {workspace / 'var' / 'mailer.sqlite3'}",
        "What was published names the address, and is left as it was sent:",
        published,
        "The name still stands in these places; look whether it is the same person:",
        published,
        f"subscriber.name, row {row}: {facts}",
        f'To replace it in all but what was published: mailer subscribers erase {KARI} --also "NAME"',
        "These files still hold the address or the name; delete them, or the lines:",
        str(workspace / "subscribers" / "people.csv"),
        "Not looked into, or not into all of it; look yourself: 1 file or folder",
        f"{workspace / 'plan.pdf'}: is packed in a way that mailer cannot unpack",
        lines[-1],
    ]
    assert lines[-1].startswith("Searched and found without it: ")


def test_json_has_the_places_with_what_they_are(mailer: Run, described: str, workspace: Path) -> None:
    done = mailer("subscribers", "erase", described, "--yes", "--json").json
    assert (done["applied"], done["mentions"], done["is_rewritten"], done["is_scrubbed"]) == (True, 1, True, False)
    assert done["remains_in"] == [str(workspace / "var" / "mailer.sqlite3")]
    (kept,) = done["kept"]
    words = "in what was published; only another issue can correct it"
    assert kept == {"table": "edition", "column": "title", "row": "1", "holds": "address", "what": words}
    assert [(each["table"], each["holds"]) for each in done["named"]] == [("edition", "name"), ("subscriber", "name")]
    assert done["unread"] == [{"path": str(workspace / "plan.pdf"), "why": "packed"}]
    again = mailer("subscribers", "erase", described, "--yes", "--json", "--also", NAME).json
    assert [each["table"] for each in again["named"]] == []
    assert mailer("subscribers", "find", "ny@x.example", "--json").json["subscribers"][0]["name"] == "for [erased]"


@pytest.mark.usefixtures("workspace")
def test_who_is_in_no_published_place_is_said_to_be_in_no_file_of_the_database(mailer: Run) -> None:
    told = mailer("subscribers", "erase", KARI, "--yes").out
    assert "The files of the database were searched: the address is in none of them." in told


def test_a_database_that_somebody_reads_is_told_with_the_command_that_ends_it(
    mailer: Run, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mailer.database import engine

    monkeypatch.setattr(engine, "_PRAGMAS", ("busy_timeout = 10", "journal_mode = WAL"))
    with closing(sqlite3.connect(workspace / "var" / "mailer.sqlite3")) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM subscriber").fetchall()
        told = mailer("subscribers", "erase", KARI, "--yes").out
    assert "The database could not be rewritten, so bytes may remain in it: something else is using it." in told
    next_ = f"Stop serve and running mailings, then once more: mailer subscribers erase {KARI}"
    assert next_ in told
    assert "in none of them" not in told
    assert "in none of them" in mailer("subscribers", "erase", KARI, "--yes").out


def test_each_reason_and_each_table_has_its_words() -> None:
    assert set(erasing.WHY_UNREAD) == {each.value for each in Unread}
    assert set(erasing._IN_TABLES) <= set(metadata.tables)
    assert len({str(each()) for each in erasing.WHY_UNREAD.values()}) == len(Unread)


def _bytes(workspace: Path) -> bytes:
    return b"".join(each.read_bytes() for each in sorted((workspace / "var").glob("mailer.sqlite3*")))


def test_undoing_the_import_of_a_wrong_file_leaves_no_address_of_it(mailer: Run, workspace: Path) -> None:
    (workspace / "wrong.csv").write_text(
        "epost;navn;liste;grunnlag\n" + "".join(f"hemmelig{n}@x.example;Feil {n};oslo;e: 1\n" for n in range(300)),
        encoding="utf-8",
    )
    number = str(mailer("subscribers", "import", workspace / "wrong.csv", "--json").json["id"])
    assert mailer("subscribers", "import", "--undo", number, "--dry-run", "--json").json["is_scrubbed"] is False
    assert b"hemmelig7" in _bytes(workspace)
    assert mailer("subscribers", "import", "--undo", number, "--json").json["is_scrubbed"] is True
    assert b"hemmelig" not in _bytes(workspace)


def test_undoing_while_somebody_reads_says_that_addresses_may_remain(
    mailer: Run, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mailer.database import engine

    monkeypatch.setattr(engine, "_PRAGMAS", ("busy_timeout = 10", "journal_mode = WAL"))
    with closing(sqlite3.connect(workspace / "var" / "mailer.sqlite3")) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM subscriber").fetchall()
        told = mailer("subscribers", "import", "--undo", "1").out
    assert told.splitlines()[-2:] == [
        "The database was not rewritten, so addresses of the file may remain in it. When nothing else uses it:",
        "  mailer subscribers purge",
    ]


def test_lines_that_were_refused_or_only_tried_leave_no_byte(mailer: Run, workspace: Path) -> None:
    file = workspace / "tried.csv"
    file.write_text("epost;liste;grunnlag\nhemmelig@x.example;oslo;e: 1\nhemmelig-nei;oslo;e: 1\n", encoding="utf-8")
    assert mailer("subscribers", "import", file).code == 1
    assert mailer("subscribers", "import", file, "--skip-invalid", "--dry-run").code == 0
    assert b"hemmelig" not in _bytes(workspace)
