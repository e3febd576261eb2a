"""Senders asked to stop at every stage, by every signal, and senders whose terminal, log or threads are gone."""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

Catch = Callable[[Any, float], Any]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there is no SIGHUP on this system"),
]

AT_ONCE = 5.0  # seconds
PEOPLE = 20
_LOOKS_UP_FOR_EVER = """
import socket, sys, time
from pathlib import Path
def look_up(*_, **__):
    Path("looked-up").touch()
    time.sleep(600)
socket.getaddrinfo = look_up
from mailer.cli import main
main()
"""


@dataclass
class Falling:
    """An SMTP server that falls silent at a stage, from so-manieth connection on; `is_silent` is set then.

    `goes_on` lets it speak again; `late` is how long it thinks about a final dot.
    """

    stage: str = ""
    from_connection: int = 1
    offers: tuple[str, ...] = ()
    late: float = 0.0
    idle_seconds: float = 600.0
    rcpt: str = "250 ok"
    is_silent: Event = field(default_factory=Event)
    goes_on: Event = field(default_factory=Event)
    has_dot: Event = field(default_factory=Event)
    taken: list[str] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.ended = Event()
        Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self.ended.set()
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self.listener.accept()
                self.connections += 1
                Thread(target=self._serve, args=(sock, self.connections), daemon=True).start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        with suppress(OSError), sock, sock.makefile("rb") as heard:
            sock.settimeout(self.idle_seconds)
            if self._falls(number, "greeting"):
                return
            sock.sendall(b"220 falling.example\r\n")
            recipient = ""
            while line := heard.readline().decode().strip():
                verb = line.split()[0].upper()
                if self._falls(number, verb):
                    return
                if verb == "RCPT":
                    recipient = line.partition("<")[2].partition(">")[0]
                answer = self._answer(verb)
                sock.sendall(f"{answer}\r\n".encode())
                if verb == "STARTTLS":
                    self._falls(number, "handshake")
                    return
                if verb == "DATA":
                    self._take(sock, heard, recipient)

    def _falls(self, number: int, stage: str) -> bool:
        if stage != self.stage or number < self.from_connection:
            return False
        self.is_silent.set()
        while not (self.ended.is_set() or self.goes_on.is_set()):
            time.sleep(0.02)
        return not self.goes_on.is_set()

    def _answer(self, verb: str) -> str:
        match verb:
            case "EHLO":
                return "\r\n".join([*(f"250-{each}" for each in ("falling.example", *self.offers)), "250 8BITMIME"])
            case "RCPT":
                return self.rcpt
            case "DATA":
                return "354 go ahead"
            case "STARTTLS":
                return "220 go ahead"
            case _:
                return "250 ok"

    def _take(self, sock: socket.socket, heard: Any, recipient: str) -> None:
        if self.stage == "body":
            self.is_silent.set()
            self.ended.wait()
            return
        while (line := heard.readline()) != b".\r\n":
            if not line:
                return
        self.taken.append(recipient)
        self.moments.append(time.monotonic())
        self.has_dot.set()
        time.sleep(self.late)
        sock.sendall(b"250 taken\r\n")


@pytest.fixture
def falling() -> Iterator[Callable[..., Falling]]:
    with ExitStack() as stack:

        def start(**settings: Any) -> Falling:
            server = Falling(**settings)
            stack.callback(server.close)
            return server

        yield start


def begin(
    office: Any, *arguments: str, shell: str = "", program: str = "", **settings: str
) -> "subprocess.Popen[bytes]":
    """Start `mailer resume`, in a shell that does something about its streams where that is asked for."""
    environment = os.environ | {
        "MAILER_DATABASE__URL": office.url,
        "MAILER_SMTP__PORT": str(office.port),
        "MAILER_SMTP__CONNECTIONS": str(office.connections),
        **{f"MAILER_{key.upper()}": value for key, value in settings.items()},
    }
    code = ["-c", program] if program else ["-m", "mailer"]
    words = [sys.executable, *code, "resume", "2023-12", *arguments]
    if shell:
        words = ["sh", "-c", shell.replace("MAILER", '"$@"'), "sh", *words]
    pipe = subprocess.PIPE
    sender = subprocess.Popen(words, cwd=office.folder, env=environment, stdout=pipe, stderr=pipe, bufsize=0)
    office.senders.append(sender)
    return sender


def wait_until_it_sends(sender: "subprocess.Popen[bytes]") -> None:
    assert sender.stderr is not None
    while not (line := sender.stderr.readline()).startswith(b"Sending"):
        assert line, "it ended"
    time.sleep(1)


def ends_at_once(office: Any, sender: "subprocess.Popen[bytes]", *, recovers: bool = True) -> None:
    """Ask it to stop: it does within five seconds, with 75 and nobody in doubt."""
    time.sleep(0.3)
    assert sender.poll() is None, sender.communicate()[1].decode()
    began = time.monotonic()
    sender.send_signal(signal.SIGTERM)
    _, said = sender.communicate(timeout=60)
    took = time.monotonic() - began
    assert took < AT_ONCE, said.decode()
    assert sender.returncode == 75, said.decode()
    assert b"Traceback" not in said
    if recovers:
        office.ledger.recover()
        assert office.by_status()["in_doubt"] == set()


STAGES: dict[str, dict[str, Any]] = {
    "greeting": {"stage": "greeting"},
    "EHLO": {"stage": "EHLO"},
    "STARTTLS": {"stage": "STARTTLS", "offers": ("STARTTLS",)},
    "handshake": {"stage": "handshake", "offers": ("STARTTLS",)},
    "AUTH": {"stage": "AUTH", "offers": ("AUTH PLAIN",)},
    "MAIL": {"stage": "MAIL"},
    "RCPT": {"stage": "RCPT"},
    "DATA": {"stage": "DATA"},
    "MAIL in a group": {"stage": "MAIL", "offers": ("PIPELINING",)},
    "greeting of others": {"stage": "greeting", "from_connection": 2, "late": 0.2},
    "EHLO of others": {"stage": "EHLO", "from_connection": 2, "late": 0.2},
}


@pytest.mark.parametrize("name", STAGES)
def test_whatever_it_waits_for_before_a_final_dot_a_sender_ends_at_once(
    office: Any, falling: Callable[..., Falling], name: str
) -> None:
    server = falling(**STAGES[name])
    office.plan(500 if "others" in name else PEOPLE)
    office.port = server.port
    settings = {}
    if "STARTTLS" in server.offers:
        settings = {"smtp__security": "starttls"}
    if "AUTH PLAIN" in server.offers:
        settings = {"smtp__username": "avsender", "smtp__password": "hemmelig"}
    sender = begin(office, **settings)
    assert server.is_silent.wait(30)
    ends_at_once(office, sender)
    assert office.check(server.taken)["queued"]


def test_in_the_midst_of_a_body_a_sender_ends_at_once(office: Any, falling: Callable[..., Falling]) -> None:
    server = falling(stage="body")
    office.plan(3, body=(b"x" * 76 + b"\r\n") * 200_000)
    office.port = server.port
    sender = begin(office)
    assert server.is_silent.wait(30)
    ends_at_once(office, sender)
    assert len(office.by_status()["queued"]) == 3


def test_while_a_name_is_looked_up_a_sender_ends_at_once(office: Any) -> None:
    office.plan(3)
    office.port = 25
    sender = begin(office, program=_LOOKS_UP_FOR_EVER, smtp__host="localhost")
    wait_until((office.folder / "looked-up").exists)
    ends_at_once(office, sender)


def test_while_a_host_does_not_answer_a_sender_ends_at_once(office: Any) -> None:
    """Its queue of connections is full, so that it answers no further one."""
    with socket.socket() as full, ExitStack() as stack:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):
            other = stack.enter_context(closing(socket.socket()))
            other.setblocking(False)
            other.connect_ex(full.getsockname())
        office.plan(3)
        office.port = full.getsockname()[1]
        sender = begin(office)
        wait_until_it_sends(sender)
        ends_at_once(office, sender)


@pytest.mark.parametrize("shape", ["moment", "rest", "deferred", "away"])
def test_in_any_pause_a_sender_ends_at_once(office: Any, falling: Callable[..., Falling], shape: str) -> None:
    rcpt = {"rest": "450 4.7.1 rate limit", "deferred": "450 4.2.2 mailbox full"}.get(shape, "250 ok")
    server = falling(rcpt=rcpt)
    office.plan(3 if shape == "deferred" else PEOPLE)
    office.port = server.port
    if shape == "away":
        server.close()
    sender = begin(office, smtp__messages_per_minute="1" if shape == "moment" else "0")
    if shape == "moment":
        assert server.has_dot.wait(30)
    else:
        wait_until_it_sends(sender)
    ends_at_once(office, sender)


def test_while_another_program_writes_a_sender_ends_at_once(office: Any, falling: Callable[..., Falling]) -> None:
    """Its run has begun; it waits to claim somebody, and no final dot is out."""
    server = falling(stage="greeting")
    office.plan(PEOPLE)
    office.port = server.port
    sender = begin(office)
    assert server.is_silent.wait(30)
    with closing(sqlite3.connect(office.database.engine.url.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        server.goes_on.set()
        time.sleep(1)
        ends_at_once(office, sender, recovers=False)
        other.execute("ROLLBACK")
    office.ledger.recover()
    assert len(office.check(server.taken)["queued"]) == PEOPLE


def test_a_sender_that_has_not_begun_ends_at_once_while_another_program_writes(office: Any) -> None:
    office.plan(PEOPLE)
    office.port = 25
    with closing(sqlite3.connect(office.database.engine.url.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        sender = begin(office)
        time.sleep(6)
        began = time.monotonic()
        sender.send_signal(signal.SIGTERM)
        _, said = sender.communicate(timeout=60)
    assert time.monotonic() - began < AT_ONCE, said.decode()
    assert (sender.returncode, b"Traceback" in said) == (130, False)
    assert len(office.by_status()["queued"]) == PEOPLE


def wait_until(is_so: Callable[[], bool]) -> None:
    latest = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < latest
        time.sleep(0.02)


@pytest.mark.parametrize("which", [(signal.SIGTERM,), (signal.SIGHUP,), (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)])
def test_the_answer_to_a_final_dot_is_waited_for(
    office: Any, falling: Callable[..., Falling], which: tuple[signal.Signals, ...]
) -> None:
    """Whatever comes after the first signal: ssh sends several, and people press Ctrl-C again."""
    server = falling(late=7.0)
    office.plan(PEOPLE)
    office.connections, office.port = 1, server.port
    sender = begin(office)
    assert server.has_dot.wait(30)
    for each in which:
        sender.send_signal(each)
        time.sleep(0.2)
    _, said = sender.communicate(timeout=60)
    assert sender.returncode == 75, said.decode()
    found = office.check(server.taken)
    assert (len(found["accepted"]), found["in_doubt"]) == (1, set())
    assert said.count(b"Finishing the messages in hand") == 1


# --- Terminal, log, streams -------------------------------------------------------------------------


def test_a_terminal_that_is_closed_ends_a_sender_with_nobody_in_doubt(
    office: Any, falling: Callable[..., Falling]
) -> None:
    """The system sends SIGHUP, and all that is printed from then on fails."""
    server = falling(late=0.1)
    office.plan(500)
    office.port = server.port
    ours, theirs = os.openpty()
    script = (
        "import fcntl, os, sys, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
        "os.execv(sys.executable, [sys.executable, '-m', 'mailer', 'resume', '2023-12'])"
    )
    environment = os.environ | {"MAILER_DATABASE__URL": office.url, "MAILER_SMTP__PORT": str(office.port)}
    sender = subprocess.Popen(
        [sys.executable, "-c", script], cwd=office.folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    assert server.has_dot.wait(30)
    os.close(ours)
    assert sender.wait(timeout=30) == 75
    found = office.check(server.taken)
    assert found["in_doubt"] == set()
    assert found["queued"]


def test_what_nohup_has_ignored_stays_ignored(office: Any, falling: Callable[..., Falling]) -> None:
    server = falling(late=0.1)
    office.plan(PEOPLE)
    office.port = server.port
    sender = begin(office, shell="trap '' HUP; exec MAILER")
    assert server.has_dot.wait(30)
    sender.send_signal(signal.SIGHUP)
    _, said = sender.communicate(timeout=60)
    assert sender.returncode == 0, said.decode()
    assert len(office.check(server.taken)["accepted"]) == PEOPLE


STREAMS = {
    "full stdout": ("exec MAILER >/dev/full", 74, b"no space left"),
    "full stderr": ("exec MAILER 2>/dev/full", 0, b""),
    "full both": ("exec MAILER >/dev/full 2>/dev/full", 74, b""),
    "shut stdin": ("exec MAILER <&-", 0, b""),
    "shut stdout": ("exec MAILER >&-", 0, b""),
    "shut stderr": ("exec MAILER 2>&-", 0, b""),
    "shut all": ("exec MAILER <&- >&- 2>&-", 0, b""),
    "few file numbers": ("ulimit -n 24; exec MAILER", 0, b""),
}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("name", STREAMS)
def test_a_log_that_cannot_be_written_stops_nobodys_mail(
    office: Any, falling: Callable[..., Falling], name: str
) -> None:
    """The ledger is the account; 74 says that all went well but that not all of it could be shown."""
    shell, code, words = STREAMS[name]
    server = falling()
    office.plan(PEOPLE)
    office.port = server.port
    sender = begin(office, shell=shell)
    _, said = sender.communicate(timeout=60)
    assert sender.returncode == code, said.decode()
    assert len(office.check(server.taken)["accepted"]) == PEOPLE
    assert words in said
    assert b"Traceback" not in said
    assert b"Exception ignored" not in said


def test_a_full_log_hides_no_other_exit_code(office: Any, falling: Callable[..., Falling]) -> None:
    server = falling(rcpt="450 4.2.2 mailbox full")
    office.plan(3)
    office.port = server.port
    sender = begin(office, "--once", shell="exec MAILER >/dev/full")
    _, said = sender.communicate(timeout=60)
    assert sender.returncode == 75, said.decode()
    assert b"Not all of this could be written: no space left on device" in said


@pytest.mark.parametrize("limit", [9, 12, 15])
def test_too_few_file_numbers_are_told_of_in_words(office: Any, falling: Callable[..., Falling], limit: int) -> None:
    server = falling()
    office.plan(PEOPLE)
    office.port, office.connections = server.port, 8
    sender = begin(office, shell=f"ulimit -n {limit}; exec MAILER")
    _, said = sender.communicate(timeout=60)
    assert sender.returncode in {0, 74, 75}, said.decode()
    assert b"Traceback" not in said
    office.ledger.recover()
    assert office.check(server.taken)["in_doubt"] == set()


@pytest.mark.skipif(not shutil.which("setpriv") or not shutil.which("prlimit"), reason="another user is needed")
@pytest.mark.parametrize(("threads", "code", "accepted"), [(1, 75, 0), (2, 0, PEOPLE)])
def test_without_further_threads_nobody_is_lost(
    *, office: Any, falling: Callable[..., Falling], threads: int, code: int, accepted: int
) -> None:
    """As another user, with the right to all files here: for root the system knows no limit."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    server = falling()
    office.plan(PEOPLE)
    office.port = server.port
    rights = " ".join(f"--{each}-caps=+dac_override" for each in ("inh", "ambient"))
    become = f"setpriv --reuid=65532 --regid=65532 --clear-groups {rights}"
    sender = begin(office, shell=f"exec prlimit --nproc={threads}:{threads} {become} MAILER")
    _, said = sender.communicate(timeout=120)
    assert sender.returncode == code, said.decode()
    assert b"Traceback" not in said
    assert len(office.check(server.taken)["accepted"]) == accepted
    assert b"the system gives this program no further thread" in said


# --- The pace ---------------------------------------------------------------------------------------


def test_a_server_that_hangs_up_on_idle_connections_costs_no_moment(
    office: Any, falling: Callable[..., Falling]
) -> None:
    """A message begins each second; the server has no more patience than half of that."""
    server = falling(idle_seconds=0.4)
    office.plan(8)
    office.port, office.connections = server.port, 1
    sender = begin(office, smtp__messages_per_minute="60")
    _, said = sender.communicate(timeout=60)
    assert sender.returncode == 0, said.decode()
    assert server.connections >= 7, "it hung up"
    gaps = [later - earlier for earlier, later in zip(server.moments, server.moments[1:], strict=False)]
    assert max(gaps) < 1.9, "a moment was lost"
    assert b"connection broke" not in said
