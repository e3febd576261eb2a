"""The one error that people are shown: its cause, its place, and what to do next."""

import errno
from enum import IntEnum


class ExitCode(IntEnum):
    """The exit code of the process; 74 and 75 are EX_IOERR and EX_TEMPFAIL of BSD sysexits."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    INPUT_OUTPUT = 74
    TRY_AGAIN = 75


class MailerError(Exception):
    """An error that a person can put right; any other exception is a bug.

    `what` is one sentence; `where` a file (with line) or a setting; `hint` says what to do next.
    """

    exit_code = ExitCode.REFUSED

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what, where, hint)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.what}" + (f"\n{self.hint}" if self.hint else "")


class UsageError(MailerError):
    """A command was called with arguments that cannot be meant."""

    exit_code = ExitCode.USAGE


class InputOutputError(MailerError):
    """A file, a folder or a port cannot be used."""

    exit_code = ExitCode.INPUT_OUTPUT


def explain_os_error(error: OSError) -> MailerError:
    """Turn a refusal of the operating system into words: what, which file, what to do next."""
    where = str(error.filename) if error.filename is not None else ""
    hint = _WAYS_OUT.get(error.errno or 0, "Put that right, then run the command again.")
    return InputOutputError(reason_of(error), where=where, hint=hint)


def reason_of(error: OSError) -> str:
    """The operating system's words without its number: `permission denied`."""
    words = error.strerror or str(error) or type(error).__name__
    return words[:1].lower() + words[1:]


_RIGHTS = "Give yourself the right to read and write there, then run the command again."
_WAYS_OUT = {
    errno.ENOSPC: "Make room on the disk, then run the command again.",
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.EROFS: "It can only be read; use a folder on another disk.",
    errno.ENOENT: "Check the name, then run the command again.",
    errno.EADDRINUSE: "Another program uses that port; choose another one.",
}
