"""What the benchmarks share: the real issue, example people, a planned mailing, PostgreSQL, and Postfix's sink.

All traffic stays on 127.0.0.1; all recipients are `.example`.
"""

import getpass
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import create_engine, insert, select

from mailer.bootstrap import build_services
from mailer.compose.composed import VariantKey
from mailer.database.engine import Database, open_database
from mailer.database.tables import list_, subscriber, subscription
from mailer.delivery.dispatch import Dispatcher
from mailer.delivery.ledger import Ledger
from mailer.delivery.model import Counts, MailingDraft
from mailer.delivery.options import DispatchOptions
from mailer.delivery.planning import plan_mailing
from mailer.keys import KeyRing
from mailer.message.compiled import CompiledMessage, compile_message
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.register import read_register, sync_lists
from mailer.transport.smtp import Security, SmtpOptions, SmtpTransport
from mailer.usecases.reading import read

REPOSITORY = Path(__file__).resolve().parent.parent
SLUG = "2023-12"
KEYS = KeyRing((b"key-of-the-benchmarks-not-secret",))
RETURN_PATH, RECIPIENT = "b@nyhetsbrev.example", "kari@mottaker.example"
CONNECTIONS = 10
QUIET_CORES = 0.2


class Content:
    """The issue of December 2023, composed once for each variant."""

    def __init__(self) -> None:
        self.services = build_services(
            REPOSITORY / "config.toml", environ={"MAILER_SECRET_KEYS": "key-of-the-benchmarks-not-secret"}
        )
        issue = read(self.services, SLUG).issue
        assert issue
        self.issue = issue
        self._compiled: dict[VariantKey, CompiledMessage] = {}

    def compile(self, key: VariantKey) -> CompiledMessage:
        if key not in self._compiled:
            composed = self.services.composer.compose(self.issue, key)
            self._compiled[key] = compile_message(composed, sender=self.services.sender, slug=SLUG)
        return self._compiled[key]

    @property
    def size(self) -> int:
        """Of the message to a reader on no list, in bytes."""
        return sum(map(len, self.compile(VariantKey(own=(), lang="nb")).segments))


def add_people(database: Database, number: int) -> None:
    """Subscribers spread over the nineteen helsefellesskap, four fifths in bokmål."""
    now = datetime.now(UTC)
    sync_lists(database, read_register(REPOSITORY / "subscribers"), now=now)
    with database.writing() as connection:
        kinds = select(list_.c.id).where(list_.c.kind == "helsefellesskap").order_by(list_.c.id)
        lists = list(connection.execute(kinds).scalars())
        for first in range(1, number + 1, 10_000):
            ids = range(first, min(first + 10_000, number + 1))
            connection.execute(insert(subscriber), [_person(each, now) for each in ids])
            connection.execute(
                insert(subscription),
                [
                    {"subscriber_id": each, "list_id": lists[each % len(lists)], "status": "active", "since": now}
                    for each in ids
                ],
            )


def _person(number: int, now: datetime) -> dict[str, object]:
    address = f"person.{number}@kommune{number % 357}.example"
    lang = "nn" if number % 5 == 0 else "nb"
    return {"id": number, "address": address, "address_as_given": address, "lang": lang, "created_at": now}


def plan(database: Database, content: Content) -> int:
    """Freeze a mailing to everybody."""
    ledger = Ledger(database)
    store = SubscriberStore(database, clock=lambda: datetime.now(UTC), suppression_key=b"key-of-the-benchmark")
    draft = MailingDraft(slug=SLUG, content_hash="c" * 64, subject="Nyhetsbrev")
    planned = plan_mailing(
        ledger,
        draft,
        audience=store.read_audience(),
        about=content.issue.helsefellesskap,
        compile_variant=content.compile,
    )
    assert planned.mailing is not None
    return planned.mailing.id


def dispatcher(database: Database, port: int, *, connections: int = CONNECTIONS) -> Dispatcher:
    options = DispatchOptions(connections=connections, messages_per_minute=0, messages_per_connection=0)
    transport = SmtpTransport(SmtpOptions(host="127.0.0.1", port=port, security=Security.NONE))
    return Dispatcher(Ledger(database), transport, keys=KEYS, options=options)


@contextmanager
def sqlite(folder: Path | None = None) -> Iterator[Database]:
    """An empty database, synchronous=FULL as always."""
    with tempfile.TemporaryDirectory(dir=folder) as inside:
        database = open_database(f"sqlite:///{inside}/mailer.sqlite3")
        try:
            yield database
        finally:
            database.close()


@contextmanager
def cluster() -> Iterator[str]:
    """A throw-away PostgreSQL on a socket of its own, fsync as it comes; it refuses to run as root."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    found = shutil.which("initdb") or (str(programs[-1] / "initdb") if programs else sys.exit("no PostgreSQL"))
    folder = Path(tempfile.mkdtemp(prefix="mailer-bench-"))
    as_user: list[str] = []
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
        as_user = ["runuser", "-u", "postgres", "--"]

    def run(program: str, *arguments: str) -> None:
        command = [*as_user, str(Path(found).with_name(program)), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder)

    data = str(folder / "data")
    run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C")
    run("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", f"-c listen_addresses='' -k {folder}", "start")
    try:
        yield f"postgresql+psycopg://postgres@/{{}}?host={folder}"
    finally:
        run("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def fresh_database(url: str, name: str) -> Iterator[None]:
    admin = create_engine(url.format("postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    try:
        yield
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        admin.dispose()


@contextmanager
def sink(*switches: str) -> Iterator[int]:
    """Postfix's smtp-sink on a free port: reads, answers, keeps nothing."""
    program = require("smtp-sink")
    port = free_port()
    # Postfix's programs refuse to run as root.
    as_user = ["-u", "nobody"] if getpass.getuser() == "root" else []
    process = subprocess.Popen([program, *as_user, *switches, f"127.0.0.1:{port}", "1000"])
    try:
        wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def generate(port: int, messages: int, *, size: int, connections: int = CONNECTIONS) -> float:
    """Messages per second of Postfix's generator: the same size, as many connections, kept open (-d)."""
    command = [require("smtp-source"), "-d", "-s", str(connections), "-l", str(size), "-m", str(messages)]
    began = time.perf_counter()
    subprocess.run([*command, "-f", RETURN_PATH, "-t", RECIPIENT, f"127.0.0.1:{port}"], check=True)
    return messages / (time.perf_counter() - began)


def require(program: str) -> str:
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        sys.exit(f"{program} is not installed; it comes with Postfix (apt install postfix).")
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    sys.exit(f"nothing answers on port {port}")


def others(patience: float = 0.0) -> str:
    """How many cores are busy with something else; waits up to `patience` seconds for a quiet machine."""
    until = time.monotonic() + patience
    while (cores := _busy_cores()) is not None and cores > QUIET_CORES and time.monotonic() < until:
        pass
    return "unknown" if cores is None else f"{cores:.1f} of {os.cpu_count()} cores"


def _busy_cores() -> float | None:
    """Over half a second in which the benchmark itself does nothing."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return None
    before = _idle_ticks(stat)
    time.sleep(0.5)
    idle, total = (now - then for now, then in zip(_idle_ticks(stat), before, strict=True))
    return (1 - idle / max(1, total)) * (os.cpu_count() or 1)


def _idle_ticks(stat: Path) -> tuple[int, int]:
    ticks = [int(each) for each in stat.read_text("ascii").splitlines()[0].split()[1:9]]
    return ticks[3] + ticks[4], sum(ticks)


def require_all_accepted(counts: Counts, number: int) -> None:
    if not counts.adds_up or counts.accepted != number:
        sys.exit(f"not everybody was accepted: {counts}")
