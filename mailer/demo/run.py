"""Does what an editor does, step by step, and proves at the end that everybody got exactly what the ledger says."""

import getpass
import os
import shutil
import stat
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import date
from pathlib import Path

from filelock import FileLock, Timeout

from mailer.bootstrap import Services, build_services
from mailer.catalogue import Message, msg
from mailer.delivery.model import Counts
from mailer.errors import MailerError
from mailer.subscribers.imports.importing import ImportOptions, ImportReport, Outcome, import_files
from mailer.subscribers.people.counting import count_people, count_subscriptions
from mailer.transport.catcher import CatchingServer
from mailer.usecases.accounts import read_accepted
from mailer.usecases.carrying_on import carry_on
from mailer.usecases.checking import widest_key
from mailer.usecases.creation import defaults_folder, init_workspace
from mailer.usecases.desk import write_issue
from mailer.usecases.reading import require_issue
from mailer.usecases.sending import begin, granted, propose
from mailer.usecases.testing import send_tests

SLUG = "2023-12"
TESTER = "redaksjon@nyhetsbrev.example"
READER = "vest-viken"
MARK = ".made-by-mailer-demo"
LOCK = ".a-demo-is-running"
_INDENT = " " * 3


class DemoError(MailerError):
    """A difference between what arrived and what the ledger says."""


def run_demo(
    *,
    keep: bool,
    say: Callable[..., None],
    hint: Callable[[str], None],
    show_equation: Callable[[Counts], None],
) -> Path:
    """Run the demo and return its folder. Raises `DemoError` when the caught mails differ from the ledger."""
    with _fresh_folder(keep=keep) as folder:
        _run_in(folder, say=say, hint=hint, show_equation=show_equation)
        return folder


def _run_in(
    folder: Path, *, say: Callable[..., None], hint: Callable[[str], None], show_equation: Callable[[Counts], None]
) -> None:
    _furnish(folder)
    caught: Counter[str] = Counter()
    inbox = folder / "var" / "inbox"
    with CatchingServer(inbox, on_caught=lambda recipient, _file: caught.update([recipient])) as server:
        environ = {"MAILER_SMTP__HOST": server.address[0], "MAILER_SMTP__PORT": str(server.address[1]), "USER": "demo"}
        services = build_services(folder / "config.toml", environ=environ, cwd=folder, announce=lambda _: None)
        with closing(services):
            _Steps(services, say=say, show_equation=show_equation).take(caught)
    say()
    say(msg("sending.demo-lies-in", folder=folder, inbox=inbox / "new"))
    say(msg("sending.demo-go-on"))
    for command in (["preview", SLUG], ["status", SLUG], ["lists"]):
        hint(" ".join([_program(), "--config", _quoted(folder / "config.toml"), *command]))


class _Steps:
    """The steps of the demo, each announced."""

    def __init__(
        self, services: Services, *, say: Callable[..., None], show_equation: Callable[[Counts], None]
    ) -> None:
        self.services = services
        self.say = say
        self.show_equation = show_equation
        self.number = 0

    def take(self, caught: Counter[str]) -> None:
        self.step(msg("sending.demo-compose"))
        self.compose()
        self.step(msg("sending.demo-import"))
        self.import_people()
        self.step(msg("sending.demo-leave"))
        self.leave()
        self.step(msg("sending.demo-test"))
        self.test()
        caught.clear()
        self.step(msg("sending.demo-send"))
        self.send()
        self.step(msg("sending.demo-compare"))
        self.compare(caught)

    def step(self, what: Message) -> None:
        self.number += 1
        self.say()
        self.say(what, "bold", label=f"{self.number}. ")

    def compose(self) -> None:
        issue = require_issue(self.services, SLUG)
        folder = self.services.settings.paths.build / SLUG
        built = write_issue(self.services, issue, widest_key(self.services, issue), folder)
        for each in built:
            kilobytes = round(each.size / 1000, 1)
            name = f"{each.file.name:<11} ".ljust(18 - len(str(kilobytes)))  # the numbers flush right
            self.say(msg("sending.demo-file", name=name, size=kilobytes), label=_INDENT)

    def import_people(self) -> None:
        report = self._import()
        lists = sum(1 for each in count_subscriptions(self.services.subscribers) if each.active)
        people = count_people(self.services.subscribers)
        told = msg(
            "sending.demo-imported",
            lines=msg("sending.count-lines", count=report.counts[Outcome.NEW]),
            files=msg("sending.count-files", count=len(self._files())),
            people=msg("sending.count-people", count=people),
            lists=msg("sending.count-lists", count=lists),
        )
        self.say(told, label=_INDENT)

    def leave(self) -> None:
        leaver = next(self.services.subscribers.read_audience([READER]))
        self.services.subscribers.leave(leaver.subscriber_id)
        report = self._import()
        told = msg("sending.demo-left", address=leaver.recipient, count=report.counts[Outcome.LEFT])
        self.say(told, label=_INDENT)

    def test(self) -> None:
        for sent in send_tests(self.services, SLUG, to=[TESTER], as_=None):
            self.say(sent.answer, label=f"{_INDENT}{sent.recipient}  ")

    def send(self) -> None:
        today = date.today()  # noqa: DTZ011 the editor's own calendar
        proposal = granted(propose(self.services, SLUG, lists=[], today=today))
        begun = granted(begin(self.services, proposal, confirm=proposal.plan.recipients))
        ended = granted(carry_on(self.services, begun.mailing))
        people = msg("sending.count-people", count=begun.plan.recipients)
        variants = msg("sending.count-of-variants", count=len(begun.plan.variants))
        self.say(msg("sending.demo-sent", people=people, variants=variants), label=_INDENT)
        self.say()
        self.show_equation(ended.counts)

    def compare(self, caught: Counter[str]) -> None:
        accepted = Counter(each.address.casefold() for each in read_accepted(self.services, SLUG))
        arrived = Counter({recipient.casefold(): number for recipient, number in caught.items()})
        if different := sorted((arrived - accepted) + (accepted - arrived)):
            raise DemoError(
                msg("sending.demo-differs", arrived=arrived.total(), accepted=accepted.total()),
                hint=msg("sending.demo-only-in-one", addresses=", ".join(different[:5])),
            )
        people = msg("sending.count-people", count=len(arrived))
        self.say(msg("sending.demo-alike", arrived=arrived.total(), people=people), "green", label=_INDENT)

    def _import(self) -> ImportReport:
        return import_files(self.services.subscribers, self.services.register, self._files(), options=ImportOptions())

    def _files(self) -> list[Path]:
        return sorted(self.services.settings.paths.subscribers.glob("example-*.csv"))


@contextmanager
def _fresh_folder(*, keep: bool) -> Iterator[Path]:
    """Give a folder of this run's own: one that the next run replaces, or with `keep` one that nothing replaces.

    While another demo of this user runs in the first one, it is the second.
    """
    with ExitStack() as stack:
        own = None if keep else _own_folder()
        if own is not None and _is_free(own, stack):
            _empty(own)
            yield own / "workspace"
        else:
            yield Path(tempfile.mkdtemp(prefix="mailer-demo-")) / "workspace"


def _is_free(folder: Path, stack: ExitStack) -> bool:
    """Take the folder for as long as the stack lasts; says whether no other demo is running in it."""
    try:
        stack.enter_context(FileLock(folder / LOCK, mode=0o600, timeout=0))
    except Timeout:
        return False
    return True


def _own_folder() -> Path:
    """Make the folder of this user among the temporary files, closed to others; raises `MailerError`.

    Its name can be guessed, so another user may have put something there: a link, or a folder of their own.
    """
    folder = Path(tempfile.gettempdir()) / f"mailer-demo-{_user()}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    is_own = stat.S_ISDIR(found.st_mode) and (not hasattr(os, "getuid") or found.st_uid == os.getuid())
    if not is_own or not _is_of_demo(folder):
        raise MailerError(msg("sending.demo-in-the-way"), where=str(folder), hint=msg("sending.demo-keep"))
    folder.chmod(0o700)
    return folder


def _is_of_demo(folder: Path) -> bool:
    names = {each.name for each in folder.iterdir()} - {LOCK}
    return not names or MARK in names


def _empty(folder: Path) -> None:
    """Delete what the last run left, and mark the folder."""
    for each in folder.iterdir():
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        elif each.name != LOCK:
            each.unlink()
    (folder / MARK).touch(mode=0o600)


def _furnish(folder: Path) -> None:
    """Make a workspace with the December 2023 issue and the invented subscribers."""
    init_workspace(folder)
    defaults = defaults_folder()
    shutil.copytree(defaults / "issues" / SLUG, folder / "issues" / SLUG)
    for file in (defaults / "subscribers").glob("example-*.csv"):
        shutil.copyfile(file, folder / "subscribers" / file.name)


def _program() -> str:
    """Return the call of this program, also for a shell that does not have it on its path."""
    program = Path(sys.argv[0])
    if program.stem == "mailer":
        return _quoted(program.resolve())
    return " ".join([_quoted(sys.executable), "-m", "mailer"])


def _quoted(path: Path | str) -> str:
    """Write a path as shells want it; double quotes are understood on every system."""
    return f'"{path}"' if " " in str(path) else str(path)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "somebody"
