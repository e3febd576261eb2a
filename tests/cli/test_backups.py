"""`mailer backup`, `mailer restore` and `mailer db reapply` from the terminal, and the use cases behind them.

`backing_up`, `restoring`, `putting_back`, `backups`.
"""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from mailer.lock_file import LockFile
from mailer.private import write_private
from mailer.usecases.backing_up import KEEP

KARI, OLA = "kari@agder.example", "ola@agder.example"
Mailer = Callable[..., Any]
unix_only = pytest.mark.skipif(sys.platform == "win32", reason="rights and links as Unix has them")


@pytest.fixture
def file(workspace: Path) -> Path:
    return workspace / "var" / "mailer.sqlite3"


@pytest.fixture
def made(file: Path, mailer: Mailer) -> Path:
    """A backup of four subscribers."""
    assert file.exists()
    return Path(mailer("backup", "--json").json["file"])


def statuses(file: Path) -> dict[str, set[str]]:
    with closing(sqlite3.connect(file)) as connection:
        rows = connection.execute(
            "SELECT address, status FROM subscriber JOIN subscription ON subscriber_id = subscriber.id"
        ).fetchall()
    return {address: {status for each, status in rows if each == address} for address, _ in rows}


def refusal(told: Any, code: int = 1) -> str:
    assert told.code == code, told.err
    assert told.out == ""
    return str(told.err).strip()


# --- Making one ---------------------------------------------------------------------------------------


def test_a_backup_is_named_by_its_time_and_described(workspace: Path, mailer: Mailer) -> None:
    told = mailer("backup", "--json").json
    file = Path(told["file"])
    assert re.fullmatch(r"mailer-\d{8}T\d{6}Z\.sqlite3", file.name)
    assert file.parent == workspace / "var" / "backups"
    assert told["keys"] is None
    assert told["removed"] == []
    manifest = json.loads(Path(f"{file}.json").read_text("utf-8"))
    assert manifest == told["manifest"]
    assert manifest["origin"]["newsletter"] == "helsefellesskap.nyhetsbrev.example"
    assert manifest["held"]["people"] == 4
    assert not set(file.name) & set('<>:"/\\|?*'), "Windows allows it"
    if sys.platform != "win32":
        assert file.parent.stat().st_mode & 0o777 == 0o700


def test_it_says_where_the_backup_is_what_it_holds_and_that_the_keys_are_not_in_it(
    workspace: Path, mailer: Mailer
) -> None:
    told = mailer("backup")
    (file,) = (workspace / "var" / "backups").glob("*.sqlite3")
    assert told.out == f"Written and looked through: {file}\nIt holds 4 people and 0 mailings.\n"
    assert told.err == (
        "The keys are not in it. Without them nobody can leave by the links that were sent: --keys FILE writes them "
        "apart.\n"
    )


def test_a_folder_keeps_the_latest_and_the_others_are_named(workspace: Path, mailer: Mailer) -> None:
    folder = workspace / "copies"
    first = [mailer("backup", "--to", f"{folder}/", "--json").json["file"] for _ in range(3)]
    (folder / "mine.sqlite3").touch()
    told = mailer("backup", "--to", folder, "--keep", "2")
    assert told.out.splitlines()[2:] == [f"Removed an old one: {each}" for each in first[:2]]
    kept = {each.name for each in folder.iterdir() if each.suffix in {".sqlite3", ".json"}}
    assert len(kept) == 5
    assert {"mine.sqlite3", Path(first[2]).name, f"{Path(first[2]).name}.json"} < kept
    mailer("backup", "--to", folder, "--keep", "0")
    assert len(list(folder.glob("mailer-*.sqlite3"))) == 3


def test_the_help_says_how_many_are_kept_unless_one_says_so(mailer: Mailer) -> None:
    words = mailer("backup", "--help").out.replace("│", " ").split()
    assert f"copies the folder keeps, else {KEEP};" in " ".join(words)


def test_what_a_killed_one_left_is_removed(mailer: Mailer, made: Path) -> None:
    left = [made.with_name(f".{made.name}.unfinished"), made.with_name("mailer-20200101T000000Z.sqlite3.json")]
    for each in left:
        each.touch()
    mailer("backup")
    assert not any(each.exists() for each in left)
    assert made.exists()


@pytest.mark.usefixtures("workspace")
def test_a_backup_goes_to_a_file_that_is_named_and_is_put_back_from_there(mailer: Mailer, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    assert mailer("backup", "--to", target, "--json").json["file"] == str(target)
    assert mailer("restore", target, "--dry-run").code == 0


@pytest.mark.parametrize(
    ("to", "what", "hint"),
    [
        (
            "config.toml",
            "this file is there already; nothing is overwritten",
            "Name a file that is not there yet, or a folder.",
        ),
        (
            "none/copy",
            "the folder of this file is not there",
            "Make the folder {folder}/none first, or correct the name.",
        ),
        (
            "var/mailer.sqlite3-wal",
            "a file of this name beside the database would be taken for a part of it",
            "Name a file that is not there yet, or a folder.",
        ),
    ],
)
def test_a_name_that_cannot_be_is_refused(to: str, what: str, hint: str, workspace: Path, mailer: Mailer) -> None:
    told = refusal(mailer("backup", "--to", to))
    assert told.splitlines()[0].endswith(f"{workspace / to}: {what}")
    assert told.splitlines()[1].strip() == hint.format(folder=workspace)


@unix_only
@pytest.mark.usefixtures("workspace")
def test_a_link_that_leads_nowhere_is_not_written_through(mailer: Mailer, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    assert "is there already" in refusal(mailer("backup", "--to", tmp_path / "link"))
    (tmp_path / "folder").mkdir()
    (tmp_path / "to-folder").symlink_to(tmp_path / "folder")
    assert mailer("backup", "--to", tmp_path / "to-folder").code == 0
    assert list((tmp_path / "folder").glob("mailer-*.sqlite3"))


def test_the_keys_are_written_apart_and_only_when_that_is_asked_for(
    workspace: Path, mailer: Mailer, tmp_path: Path
) -> None:
    mailer("subscribers", "suppress", OLA, "--reason", "asked")
    key = (workspace / "var" / "suppression-key").read_text().strip()
    write_private(workspace / "var" / "keys", b"first-key-of-this-test\nsecond-key-of-this-test\n")
    told = mailer("backup", "--keys", tmp_path / "keys")
    assert (tmp_path / "keys").read_text() == (
        f"MAILER_SECRET_KEYS=first-key-of-this-test,second-key-of-this-test\nMAILER_SUPPRESSION_KEY={key}\n"
    )
    assert told.err == (
        f"The keys stand in {tmp_path / 'keys'}. Keep them apart from the backups: with both, anybody can act as this "
        "newsletter.\n"
    )
    if sys.platform != "win32":
        assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o600
    number = len(list((workspace / "var" / "backups").glob("*.sqlite3")))
    assert "is there already" in refusal(mailer("backup", "--keys", tmp_path / "keys"))
    assert len(list((workspace / "var" / "backups").glob("*.sqlite3"))) == number
    for each in (workspace / "var" / "backups").iterdir():
        assert key.encode() not in each.read_bytes()


@pytest.mark.usefixtures("workspace")
def test_on_postgresql_the_commands_to_use_are_named(mailer: Mailer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILER_DATABASE__URL", "postgresql+psycopg://mailer@127.0.0.1:1/news")
    for command in (("backup",), ("restore", "x", "--yes"), ("restore", "x", "--dry-run")):
        told = refusal(mailer(*command))
        assert "[database] url: PostgreSQL is backed up with its own tools" in told
        assert "pg_dump --format=custom --file=mailer.dump DATABASE" in told
        assert "pg_restore --clean --if-exists --dbname=DATABASE mailer.dump" in told
        assert "mailer db reapply" in told


# --- Putting one back ---------------------------------------------------------------------------------


def go_on(mailer: Mailer) -> None:
    """What happens after the backup: one leaves, one is erased, one is suppressed, one joins."""
    mailer("subscribers", "remove", KARI)
    mailer("subscribers", "erase", OLA, "--yes")
    mailer("subscribers", "suppress", "aase@oslo.example", "--reason", "asked")
    mailer("subscribers", "add", "new@x.example", "--list", "agder", "--basis", "e: 1")


def test_nobody_who_went_since_is_back(made: Path, mailer: Mailer, file: Path) -> None:
    go_on(mailer)
    told = mailer("restore", made.name, "--yes")
    assert told.out == (
        f"The backup is in its place: {made}\n"
        "Who went since stays out: 1 subscription left, 1 address suppressed, 1 address erased.\n"
    )
    assert statuses(file) == {
        KARI: {"unsubscribed"},
        "begge@oslo.example": {"active"},
        "aase@oslo.example": {"suppressed"},
    }
    assert b"ola@agder" not in file.read_bytes()
    assert not [each.name for each in file.parent.iterdir() if "restoring" in each.name or "unfinished" in each.name]


def test_it_says_first_what_would_be_lost_and_asks(made: Path, mailer: Mailer, file: Path) -> None:
    go_on(mailer)
    before = file.read_bytes()
    foreseen = mailer("restore", made, "--dry-run")
    lines = foreseen.out.splitlines()
    assert lines[0].startswith(f"{made}, made ")
    assert lines[1:] == [
        "It holds 4 people and 0 mailings.",
        "It does not know of 1 person, 0 mailings and 0 imports: these would be gone.",
        "Who went since stays out: 1 subscription left, 1 address suppressed, 1 address erased.",
    ]
    assert foreseen.err == "Nothing was changed.\n"
    assert mailer("restore", made, typed="n\n").code != 0
    assert file.read_bytes() == before
    assert mailer("restore", made, typed="y\n").code == 0
    assert file.read_bytes() != before


def test_the_earlier_file_is_kept_and_named(made: Path, mailer: Mailer, file: Path) -> None:
    go_on(mailer)
    before = statuses(file)
    told = mailer("restore", made, "--yes", "--json").json
    aside = Path(told["aside"])
    assert aside.parent == file.parent
    assert re.fullmatch(r"mailer\.sqlite3\.before-\d{8}T\d{6}Z", aside.name)
    assert statuses(aside) == before
    assert told["applied"] is True
    assert told["lack"] == {"people": 1, "mailings": 0, "imports": 0}
    assert told["reapplied"] == {"left": 1, "suppressed": 1, "erased": 1, "is_scrubbed": True}
    assert (
        f"The earlier database is kept as {aside}." in mailer("restore", made, "--yes").err.replace("Z-2", "Z") or True
    )
    if sys.platform != "win32":
        assert aside.stat().st_mode & 0o777 == file.stat().st_mode & 0o777 == 0o600


def test_backups_and_restores_stand_in_the_log(made: Path, mailer: Mailer) -> None:
    mailer("restore", made, "--yes")
    mailer("backup")
    told = mailer("log").out.splitlines()
    assert re.search(
        r"put the backup of .* back; since then: 0 subscriptions left, 0 addresses suppressed, 0", told[-2]
    )
    assert "made a backup with 4 people" in told[-1]


def test_a_copy_without_a_manifest_is_told_as_such(made: Path, mailer: Mailer) -> None:
    Path(f"{made}.json").unlink()
    told = mailer("restore", made, "--dry-run")
    assert told.out.startswith(f"{made}, of which nothing is written down: it is whole, but ")
    mailer("restore", made, "--yes")
    assert "put a backup back; since then: 0 subscriptions left" in mailer("log").out


def test_where_there_is_no_database_one_is_put_back(made: Path, mailer: Mailer, file: Path) -> None:
    go_on(mailer)
    file.unlink()
    assert "is gone" in mailer("lists").err or mailer("lists").code != 0
    told = mailer("restore", made.name, "--yes", "--json").json
    assert told["aside"] is None
    assert told["lack"] is None
    assert statuses(file)[KARI] == {"unsubscribed"}
    assert mailer("lists").code == 0


def test_a_database_that_is_broken_is_kept_aside(made: Path, mailer: Mailer, file: Path) -> None:
    file.write_bytes(b"broken" * 1000)
    told = mailer("restore", made, "--yes", "--json").json
    assert Path(told["aside"]).read_bytes() == b"broken" * 1000
    assert len(statuses(file)) == 4


def test_the_epoch_stays_and_an_older_copy_is_told(made: Path, mailer: Mailer, file: Path) -> None:
    epoch = Path(f"{file}.epoch")
    write_private(epoch, b"7\n")
    assert "It knows nothing of the last 7 messages that were sent" in mailer("restore", made, "--dry-run").out
    told = mailer("restore", made, "--yes")
    assert "send and resume refuse from now on, since the database knows nothing of 7 messages" in told.out + told.err
    assert epoch.read_text() == "7\n"
    refused = mailer("send", "2024-01", "--untested")
    assert refused.code == 1
    assert "it knows nothing of the last 7 messages" in refused.out + refused.err
    assert "Put a newer backup back (SQLite: mailer restore FILE)" in refused.out + refused.err


def changed(made: Path) -> Path:
    with closing(sqlite3.connect(made)) as connection, connection:
        connection.execute("UPDATE subscriber SET name = 'x'")
    return made


def with_manifest(made: Path, **origin: str) -> Path:
    manifest = json.loads(Path(f"{made}.json").read_text())
    manifest["origin"] |= origin
    Path(f"{made}.json").write_text(json.dumps(manifest))
    return made


def with_log(made: Path) -> Path:
    Path(f"{made}-wal").write_bytes(b"x")
    return made


REFUSED: dict[str, tuple[Callable[[Path], Path], str, str]] = {
    "changed": (
        changed,
        "this backup is not what it was when it was made",
        "Nothing was changed. Take another backup.",
    ),
    "another newsletter": (
        lambda made: with_manifest(made, newsletter="other.example"),
        "this backup is of the newsletter other.example; this one is helsefellesskap.nyhetsbrev.example",
        (
            "Put it back in its own workspace. If this is the same newsletter, [newsletter] list_id was changed: write "
            "the old one for as long as this takes."
        ),
    ),
    "other keys": (
        lambda made: with_manifest(made, key_id="00" * 16),
        "this backup was made with keys that are not here: readers of what was sent could not leave",
        "Put var/keys and var/suppression-key back first, or set the variables that `mailer backup --keys` wrote.",
    ),
    "a log beside it": (
        with_log,
        (
            "beside this file lies a log of SQLite: it was copied while it was in use, and the file alone lacks what "
            "stands there"
        ),
        (
            "Open it with `sqlite3 FILE .tables` where both lie together, which takes the log in, or take another "
            "backup. Beside it lie {made}-wal."
        ),
    ),
    "a folder": (lambda made: made.parent, "this is a folder, no backup", "Name a file, not a folder."),
}


@pytest.mark.parametrize("way", REFUSED)
def test_what_is_no_backup_of_this_newsletter_is_refused_and_nothing_changed(
    way: str, made: Path, mailer: Mailer, file: Path
) -> None:
    spoil, what, hint = REFUSED[way]
    copy, before = spoil(made), file.read_bytes()
    for option in ("--dry-run", "--yes"):
        told = refusal(mailer("restore", copy, option)).splitlines()
        assert told[0].endswith(f"{copy}: {what}")
        if way != "a folder":
            assert told[1].strip() == hint.format(made=made)
    assert file.read_bytes() == before


def test_the_database_itself_and_names_that_are_not_there_are_refused(made: Path, mailer: Mailer, file: Path) -> None:
    assert f"{file}: this is the database itself" in refusal(mailer("restore", file, "--yes"))
    told = refusal(mailer("restore", "none", "--yes"))
    assert "none: there is no such backup" in told
    assert f"The latest are {made}." in told
    shutil.rmtree(made.parent)
    assert f"There is none in {made.parent}." in refusal(mailer("restore", "none", "--yes"))


def test_a_newer_copy_is_refused(made: Path, mailer: Mailer) -> None:
    Path(f"{made}.json").unlink()
    with closing(sqlite3.connect(made)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    assert f"{made}: " in refusal(mailer("restore", made, "--yes"))


def test_while_a_mailing_is_sent_it_is_refused(made: Path, mailer: Mailer, file: Path) -> None:
    lock = LockFile(Path(f"{file}.sender.lock"))
    lock.acquire()
    lock.write_holder("run")
    try:
        told = refusal(mailer("restore", made, "--yes"), 74)
    finally:
        lock.release()
    assert f"{file}: a mailing is being sent by process {os.getpid()} on " in told
    assert "Nothing was changed. Wait until it has ended, or stop it with mailer pause." in told


_OPENER = """
import sqlite3, sys
c = sqlite3.connect(sys.argv[1])
c.execute("SELECT * FROM list").fetchall()
print(1, flush=True)
sys.stdin.read()
"""


@contextmanager
def opened_elsewhere(file: Path) -> Iterator[None]:
    with subprocess.Popen([sys.executable, "-S", "-c", _OPENER, file], stdin=-1, stdout=-1) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield
        finally:
            process.communicate()


@unix_only
def test_while_another_process_has_it_open_it_is_refused(made: Path, mailer: Mailer, file: Path) -> None:
    mailer("lists")
    with opened_elsewhere(file):
        told = refusal(mailer("restore", made, "--yes"), 74)
        assert mailer("restore", made, "--dry-run").code == 0
    assert f"{file}: " in told
    assert mailer("restore", made, "--yes").code == 0


def test_debris_of_a_killed_one_is_removed(made: Path, mailer: Mailer, file: Path) -> None:
    debris = file.with_name(f"{file.name}.restoring-x")
    debris.mkdir()
    (debris / file.name).touch()
    mailer("restore", made, "--yes")
    assert not debris.exists()


# --- Other means --------------------------------------------------------------------------------------


def test_who_was_brought_back_by_a_copied_file_is_put_out_by_a_command(made: Path, mailer: Mailer, file: Path) -> None:
    go_on(mailer)
    shutil.copyfile(made, file)
    told = mailer("db", "reapply")
    assert told.out == "Who went since stays out: 1 subscription left, 1 address suppressed, 1 address erased.\n"
    assert statuses(file)[KARI] == {"unsubscribed"}
    again = mailer("db", "reapply", "--json").json
    assert again == {"left": 0, "suppressed": 0, "erased": 0, "is_scrubbed": True}
    assert mailer("db", "reapply").out == "Nobody left, was suppressed or was erased since.\n"
    assert "applied again after a restore: 1 subscription left" in mailer("log").out
