"""A lock file: one process at a time, a limit to the waiting, and words that name the file and who holds it."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from mailer.catalogue import Message, msg
from mailer.errors import ExitCode, MailerError, reason_of

PATIENCE_SECONDS = 30.0

# Windows keeps others from the first byte of a locked file: what they are to read stands behind it.
_BEGINNING = 1


class LockHeldError(MailerError):
    """A lock file is held by another process."""

    exit_code = ExitCode.INPUT_OUTPUT


class LockUnusableError(MailerError):
    """A lock file cannot be opened or locked."""

    exit_code = ExitCode.INPUT_OUTPUT


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The process that took a lock last, as it wrote itself into the file; `token` is the run it held it for."""

    pid: int
    host: str
    token: str = ""
    inode: int = 0

    @property
    def told(self) -> Message:
        """Return process and machine for a person."""
        return msg("errors.process-on-host", pid=str(self.pid), host=self.host)


class LockFile:
    """One lock. The file stays when it is let go of, and says who had it last."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._lock = FileLock(file, mode=0o600, thread_local=False)
        self._inode = 0

    def acquire(self, *, patience: float | None = None) -> Holder | None:
        """Take the lock; return who had this very file before, if that is known.

        Raises `LockHeldError`, and `LockUnusableError` where it belongs to others.
        """
        try:
            self._lock.acquire(timeout=PATIENCE_SECONDS if patience is None else patience)
        except Timeout as error:
            raise self._held() from error
        except OSError as error:
            raise self._unusable(error) from error
        self._inode = _inode(self.file)
        before = read_holder(self.file)
        return before if before and before.inode == self._inode else None

    def write_holder(self, token: str = "") -> None:
        """Write down who holds the lock, for those who wait for it and those who come after."""
        words = {"pid": os.getpid(), "host": socket.gethostname(), "token": token, "inode": self._inode}
        with suppress(OSError), self.file.open("r+b") as stream:
            stream.seek(_BEGINNING)
            stream.write(json.dumps(words).encode() + b"\n")
            stream.truncate()

    @property
    def is_in_place(self) -> bool:
        """Return whether the file that is locked is the one that others would find."""
        return self._inode != 0 and _inode(self.file) == self._inode

    def release(self) -> None:
        """Let go of the lock."""
        self._lock.release()

    def _held(self) -> LockHeldError:
        holder = read_holder(self.file)
        if holder is None:
            return LockHeldError(
                msg("errors.lock-held"), where=str(self.file), hint=msg("errors.find-holder", file=self.file)
            )
        hint = msg("errors.end-holder", pid=str(holder.pid), host=holder.host)
        return LockHeldError(msg("errors.lock-held-by", holder=holder.told), where=str(self.file), hint=hint)

    def _unusable(self, error: OSError) -> LockUnusableError:
        what = msg("errors.lock-unusable", reason=reason_of(error))
        return LockUnusableError(what, where=str(self.file), hint=msg("errors.lock-of-others"))


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold a lock file while the context lasts; raises `LockHeldError` when others hold it for too long."""
    lock = LockFile(file)
    lock.acquire()
    try:
        lock.write_holder()
        yield
    finally:
        lock.release()


def read_holder(file: Path) -> Holder | None:
    """Return who took the lock last, None where the file does not say."""
    try:
        found = json.loads(file.read_bytes()[_BEGINNING:])
        return Holder(
            pid=int(found["pid"]), host=str(found["host"]), token=str(found["token"]), inode=int(found["inode"])
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _inode(file: Path) -> int:
    """Return the number of the file on its disk, 0 where there is none."""
    try:
        return file.stat().st_ino
    except OSError:
        return 0
