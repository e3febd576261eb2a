"""The one error that people are shown: its cause, its place, and what to do next."""

import errno
from collections.abc import Callable
from enum import IntEnum
from functools import partial

from mailer.catalogue import Lang, Message, msg, render


class ExitCode(IntEnum):
    """The exit code of the process; 74 and 75 are EX_IOERR and EX_TEMPFAIL of BSD sysexits, 130 is the shells' own."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    INPUT_OUTPUT = 74
    TRY_AGAIN = 75
    INTERRUPTED = 130


class MailerError(Exception):
    """An error that a person can put right; any other exception is a bug.

    `what` is one sentence; `where` a file (with line) or a setting; `hint` says what to do next. As messages they are
    shown in the language of the interface; as text, and in `str()`, they are English.
    """

    exit_code = ExitCode.REFUSED

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what, where, hint)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        return self.told("en")

    def told(self, lang: Lang) -> str:
        """Return place, fault and hint in a language."""
        where, what, hint = (render(each, lang) for each in (self.where, self.what, self.hint))
        place = f"{where}: " if where else ""
        return f"{place}{what}" + (f"\n{hint}" if hint else "")


class UsageError(MailerError):
    """A command was called with arguments that cannot be meant."""

    exit_code = ExitCode.USAGE


class InputOutputError(MailerError):
    """A file, a folder or a port cannot be used."""

    exit_code = ExitCode.INPUT_OUTPUT


def explain_os_error(error: OSError) -> MailerError:
    """Turn a refusal of the operating system into words: what, which file, what to do next."""
    where = str(error.filename) if error.filename is not None else ""
    return InputOutputError(reason_of(error), where=where, hint=_way_out(error.errno))


class ResourcesError(MailerError):
    """The machine has nothing left for this process just now."""

    exit_code = ExitCode.TRY_AGAIN


def has_no_threads(error: RuntimeError) -> bool:
    """Return whether the system gives this process no further thread; Python has no error of its own for that."""
    return "can't start new thread" in str(error)


def explain_runtime_error(error: RuntimeError) -> MailerError:
    """Turn a refusal to start a thread into words; raises any other error, which is a bug."""
    if not has_no_threads(error):
        raise error
    return ResourcesError(msg("errors.no-threads"), hint=msg("errors.raise-limit-of-processes"))


def reason_of(error: OSError) -> str:
    """The operating system's words without its number: `permission denied`; the common ones in every language."""
    words = error.strerror or str(error) or type(error).__name__
    words = words[:1].lower() + words[1:]
    return _REASONS[words]() if words in _REASONS else words


def _way_out(number: int | None) -> Message:
    return _WAYS_OUT[number]() if number in _WAYS_OUT else msg("errors.put-that-right")


# Made when they are needed: each command imports this module, and most have no use for them.
_REASONS: dict[str, Callable[[], Message]] = {
    "no space left on device": partial(msg, "errors.no-space"),
    "permission denied": partial(msg, "errors.permission-denied"),
    "operation not permitted": partial(msg, "errors.not-permitted"),
    "read-only file system": partial(msg, "errors.read-only"),
    "no such file or directory": partial(msg, "errors.no-such-file"),
    "is a directory": partial(msg, "errors.is-a-folder"),
    "not a directory": partial(msg, "errors.is-no-folder"),
    "address already in use": partial(msg, "errors.port-in-use"),
    "cannot assign requested address": partial(msg, "errors.no-such-address"),
    "file exists": partial(msg, "errors.file-exists"),
}
_RIGHTS = partial(msg, "errors.give-yourself-the-right")
_WAYS_OUT: dict[int | None, Callable[[], Message]] = {
    errno.ENOSPC: partial(msg, "errors.make-room"),
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.EROFS: partial(msg, "errors.use-another-disk"),
    errno.ENOENT: partial(msg, "errors.check-the-name"),
    errno.EADDRINUSE: partial(msg, "errors.choose-another-port"),
}
