"""Lock files: one process at a time, a limit to the waiting, and words about who is waited for."""

import json
import os
import shutil
import socket
from pathlib import Path

import pytest

from mailer import lock_file
from mailer.errors import ExitCode
from mailer.lock_file import Holder, LockFile, LockHeldError, LockUnusableError, locked, read_holder

HERE = socket.gethostname()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mailer.sqlite3.opening.lock"


def test_waiting_has_a_limit_and_the_words_name_file_and_holder(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock_file, "PATIENCE_SECONDS", 0.05)
    with locked(file), pytest.raises(LockHeldError) as refused, locked(file):
        pytest.fail("two had it at once")
    assert refused.value.exit_code is ExitCode.INPUT_OUTPUT
    assert refused.value.where == str(file)
    assert refused.value.what == f"process {os.getpid()} on {HERE} holds this lock and does not let go of it"
    assert refused.value.hint == (
        f"Look at it on {HERE} with ps -p {os.getpid()}. When it stands still, let it go on with kill -CONT "
        f"{os.getpid()} or end it with kill -KILL {os.getpid()}. Then run the command again."
    )
    with locked(file):
        pass


def test_a_holder_that_did_not_write_itself_down_is_to_be_found(file: Path) -> None:
    holding, waiting = LockFile(file), LockFile(file)
    holding.acquire()
    with pytest.raises(LockHeldError) as refused:
        waiting.acquire(patience=0)
    assert refused.value.what == "another process holds this lock and does not let go of it"
    assert refused.value.hint == (
        f"Find the process with fuser {file}, and end it when it stands still. Then run the command again."
    )
    holding.release()


def test_a_lock_that_cannot_be_used_says_so(file: Path) -> None:
    file.mkdir()
    with pytest.raises(LockUnusableError) as refused, locked(file):
        pytest.fail("a folder was locked")
    assert refused.value.what == "this lock file cannot be used: is a directory"
    assert refused.value.where == str(file)
    assert refused.value.exit_code is ExitCode.INPUT_OUTPUT
    assert refused.value.hint == (
        "It may belong to another user of this machine. When no mailer of theirs is at work, remove the file."
    )


def test_who_had_the_lock_before_is_told_to_who_takes_it_next(file: Path) -> None:
    first, second = LockFile(file), LockFile(file)
    assert first.acquire() is None
    first.write_holder("token" * 20)
    first.write_holder("token")
    first.release()
    before = second.acquire()
    second.release()
    assert before == Holder(pid=os.getpid(), host=HERE, token="token", inode=file.stat().st_ino)
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_copy_of_a_lock_file_says_of_nobody_that_they_let_go(file: Path) -> None:
    with locked(file):
        pass
    copied = file.with_name("copy.lock")
    shutil.copy(file, copied)
    copy = LockFile(copied)
    assert read_holder(copied) is not None
    assert copy.acquire() is None
    copy.release()


@pytest.mark.parametrize("change", ["removed", "replaced"])
def test_a_lock_whose_file_is_gone_is_in_place_no_more(file: Path, change: str) -> None:
    lock = LockFile(file)
    lock.acquire()
    before = lock.is_in_place
    file.rename(file.with_name("elsewhere"))
    if change == "replaced":
        file.touch()
    assert (before, lock.is_in_place) == (True, False)
    lock.release()


@pytest.mark.parametrize(
    "content", [b"", b"\0", b"\0{", b"\0[]", b"\xff\xfe", b"\0" + json.dumps({"pid": 1, "host": "a"}).encode()]
)
def test_a_file_that_tells_nobody_is_no_obstacle(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert read_holder(file) is None
    with locked(file):
        found = read_holder(file)
        assert found is not None
        assert found.pid == os.getpid()
