"""The one error that people are shown: what is wrong, where, and what to do next."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a process says when it ends; 74 and 75 are EX_IOERR and EX_TEMPFAIL of BSD sysexits."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    INPUT_OUTPUT = 74
    TRY_AGAIN = 75


class MailerError(Exception):
    """Something a person can put right; anything else that is raised is a bug.

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
