"""What all tests share: an empty, migrated database of each kind, and the words of the published newsletters."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count, product
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Literal

import pytest
from hypothesis import Phase, settings
from hypothesis.internal.conjecture import engine, providers
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from mailer.catalogue.kept_texts import read_compiled
from mailer.catalogue.texts import LOCALE
from mailer.database.engine import Database, open_database
from mailer.subscribers.model import Register
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.register import read_register, sync_lists

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SOAK = "MAILER_TEST_SOAK" in os.environ
if threading.current_thread() is threading.main_thread():
    # A shell ignores them for what it runs in the background, and processes that tests start would inherit that.
    for _each, _usual in (("SIGINT", signal.default_int_handler), ("SIGHUP", signal.SIG_DFL)):
        if hasattr(signal, _each) and signal.getsignal(getattr(signal, _each)) is signal.SIG_IGN:
            signal.signal(getattr(signal, _each), _usual)
# A busy machine is no failure (deadline). The normal run tries the same examples each time, so that it is not red by
# chance; `poe soak` tries many new ones.
_PHASES = [Phase.explicit, Phase.generate, Phase.shrink]
settings.register_profile("soak", deadline=None, database=None, print_blob=True, phases=_PHASES, max_examples=2000)
settings.register_profile("mailer", settings.get_profile("soak"), derandomize=True, max_examples=100)
settings.load_profile("soak" if SOAK else "mailer")
if not SOAK:
    # Hypothesis also tries words and numbers that it reads out of our modules, and no setting keeps it from that: any
    # change of the code would change the examples. And a failure is to be told before the test's minute is over.
    providers._get_local_constants = lambda: providers._local_constants
    engine.MAX_SHRINKING_SECONDS = 20

SERVER_VARIABLE = "MAILER_TEST_POSTGRESQL_URL"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where everything is installed (MAILER_TEST_NO_SKIP), a test that is skipped has failed."""
    report = yield
    if report.skipped and os.environ.get("MAILER_TEST_NO_SKIP"):
        report.outcome = "failed"
    return report


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Templates that tests compile are not kept in the folder of whoever runs the tests."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
    read_compiled(sorted((LOCALE / "en").glob("*.po")), "en", os.environ)  # as in any but a user's first process


@pytest.fixture(scope="session", autouse=True)
def _english() -> None:
    """What is printed is in English, whatever the language of whoever runs the tests."""
    os.environ["LC_ALL"] = "C.UTF-8"


@dataclass
class PostgresqlServer:
    """A server to make databases on; each test gets its own, copied from one that is migrated already."""

    engine: Engine
    _numbers: Iterator[int] = field(default_factory=count)
    _emptied: list[str] = field(default_factory=list)  # migrated, used and emptied: quicker than new ones
    _schema: str = ""

    @property
    def template(self) -> str:
        return f"mailer_test_{os.getpid()}_template"

    @contextmanager
    def database(self, *, template: str = "template1") -> Iterator[str]:
        name = f"mailer_test_{os.getpid()}_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self.url_of(name)
        finally:
            self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    @contextmanager
    def migrated_database(self) -> Iterator[str]:
        """One with empty tables, which may have been used before: its files may still hold what it held."""
        if not self._emptied:
            self._emptied.append(f"mailer_test_{os.getpid()}_{next(self._numbers)}")
            self.execute(f"CREATE DATABASE {self._emptied[0]} TEMPLATE {self.template}")
            self._schema = self._schema or self._empty(self._emptied[0])
        name = self._emptied.pop()
        yield self.url_of(name)
        if self._empty(name) == self._schema:
            self._emptied.append(name)
        else:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _empty(self, name: str) -> str:
        """Empty every table and begin its numbers anew; returns the schema."""
        engine = create_engine(self.url_of(name), isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(_EMPTY)
            return str(connection.exec_driver_sql(_SCHEMA).scalar_one())

    def url_of(self, name: str) -> str:
        return self.engine.url.set(database=name).render_as_string(hide_password=False)

    def close(self) -> None:
        for name in (*self._emptied, self.template):
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")
        self.engine.dispose()

    def execute(self, statement: str) -> None:
        with self.engine.connect() as connection:
            connection.exec_driver_sql(statement)


_EMPTY = """
DO $$
DECLARE one text;
BEGIN
    PERFORM pg_terminate_backend(pid, 5000) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
    SET LOCAL session_replication_role = replica;  -- the history is never changed, else
    FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        IF pg_table_size(format('%%I', one)::regclass) > 1000000 THEN  -- TRUNCATE makes new files, also of each index
            EXECUTE format('TRUNCATE %%I CASCADE', one);
        ELSE
            EXECUTE format('DELETE FROM %%I', one);
        END IF;
    END LOOP;
    PERFORM setval(format('%%I', sequencename)::regclass, 1, false) FROM pg_sequences WHERE last_value IS NOT NULL;
END $$
"""
_SCHEMA = """
SELECT string_agg(what, chr(10) ORDER BY what) FROM (
    SELECT concat_ws(' ', attrelid::regclass, attname, atttypid, attnotnull) AS what FROM pg_attribute
        WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
    UNION ALL SELECT concat_ws(' ', conrelid::regclass, pg_get_constraintdef(oid)) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'version ' || version_num FROM alembic_version
) AS parts
"""


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresqlServer]:
    with _server_url() as url:
        server = PostgresqlServer(create_engine(url, isolation_level="AUTOCOMMIT"))
        server.execute(f"CREATE DATABASE {server.template}")
        open_database(server.url_of(server.template), upgrade=True).close()
        yield server
        server.close()


@contextmanager
def _server_url() -> Iterator[str]:
    if given := os.environ.get(SERVER_VARIABLE):
        yield given
        return
    programs = _postgresql_programs()
    if programs is None:
        pytest.skip(f"no PostgreSQL: initdb and pg_ctl are not installed and {SERVER_VARIABLE} is not set")
    with _cluster(programs, settings="-c fsync=off -c synchronous_commit=off -c full_page_writes=off") as cluster:
        yield cluster.url


def _postgresql_programs() -> Path | None:
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((each for each in folders if (each / "initdb").exists() and (each / "pg_ctl").exists()), None)


@dataclass(frozen=True)
class Cluster:
    """A server of our own, which can be restarted; `crashes` kills it instead of having it end."""

    url: str
    _run: Callable[..., None]
    _start: tuple[str, ...]
    _stop: tuple[str, ...]

    def restart(self, *, crashes: bool = False, away: float = 0.0) -> None:
        self._run(*self._stop, "immediate" if crashes else "fast", "stop")
        time.sleep(away)
        self._run(*self._start)


@pytest.fixture(scope="module")
def own_cluster() -> Iterator[Cluster]:
    """A server that a test may restart: what it has said it has written is on the disk."""
    programs = _postgresql_programs()
    if programs is None:
        pytest.skip("no PostgreSQL: initdb and pg_ctl are not installed")
    with _cluster(programs, settings="-c fsync=off") as cluster:  # the machine lives on
        yield cluster


@contextmanager
def _cluster(programs: Path, *, settings: str) -> Iterator[Cluster]:
    """A throw-away cluster that answers on a socket in its own folder only. PostgreSQL refuses to run as root."""
    folder = Path(tempfile.mkdtemp(prefix="mailer-pg-"))
    run_as: list[str] = []
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        shutil.chown(folder, "postgres")
        run_as = ["runuser", "-u", "postgres", "--"]

    def run(program: str, *arguments: str) -> None:
        command = [*run_as, str(programs / program), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder)

    data = str(folder / "data")
    run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
    stop = ("pg_ctl", "-D", data, "-w", "-m")
    options = f"{settings} -c listen_addresses='' -k {folder}"
    start = ("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
    run(*start)
    try:
        yield Cluster(f"postgresql+psycopg://postgres@/postgres?host={folder}", run, start, stop)
    finally:
        run(*stop, "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Proxy:
    """Stands between a program and a server: forwards what they say until `swallows` names bytes of the program.

    The server still gets those; its answer never arrives, and the connection is cut.
    """

    connect: Callable[[], socket.socket]
    swallows: Callable[[bytes], bool] = lambda _: False
    swallowed: int = 0
    flows: Event = field(default_factory=Event)  # while it is not set, nothing gets through and nothing breaks

    def __post_init__(self) -> None:
        self.flows.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Cut every connection."""
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.flows.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for each in self._open:
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = self.connect()
            except OSError:  # the server is away
                near.close()
                continue
            self._open += [near, far]
            doomed: list[bool] = []
            Thread(target=self._forward, args=(near, far, doomed), daemon=True).start()
            Thread(target=self._return, args=(near, far, doomed), daemon=True).start()

    def _forward(self, near: socket.socket, far: socket.socket, doomed: list[bool]) -> None:
        with suppress(OSError):
            while data := near.recv(65536):
                self.flows.wait()
                if self.swallows(data):
                    doomed.append(True)
                far.sendall(data)
        self._hang_up(near, far)

    def _return(self, near: socket.socket, far: socket.socket, doomed: list[bool]) -> None:
        with suppress(OSError):
            while data := far.recv(65536):
                if doomed:
                    self.swallowed += 1
                    break
                near.sendall(data)
        self._hang_up(near, far)

    def _hang_up(self, *both: socket.socket) -> None:
        """However one side ended, the other must hear of it, or it would wait for ever."""
        for each in both:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def postgresql_proxy(postgresql_server: PostgresqlServer) -> Iterator[tuple[str, Proxy]]:
    """A migrated database, its address by way of a proxy, and the proxy."""
    with postgresql_server.database(template=postgresql_server.template) as direct, _proxy_to(direct) as by_proxy:
        yield by_proxy


@contextmanager
def _proxy_to(direct: str) -> Iterator[tuple[str, Proxy]]:
    url = make_url(direct)
    host, port = str(url.query.get("host", url.host)), url.port or 5432

    def connect() -> socket.socket:
        if not host.startswith("/"):
            return socket.create_connection((host, port))
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(f"{host}/.s.PGSQL.{port}")
        return sock

    proxy = Proxy(connect)
    by_proxy = url.set(host="127.0.0.1", port=proxy.port, query={"sslmode": "disable"})
    try:
        yield by_proxy.render_as_string(hide_password=False), proxy
    finally:
        proxy.close()


@pytest.fixture
def proxy_to() -> Iterator[Callable[[str], tuple[str, Proxy]]]:
    """Make proxies to a database: each is the way of one machine to it."""
    with ExitStack() as stack:
        yield lambda direct: stack.enter_context(_proxy_to(direct))


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'mailer.sqlite3'}"


@pytest.fixture
def sqlite_database(sqlite_url: str) -> Iterator[Database]:
    database = open_database(sqlite_url)
    yield database
    database.close()


@pytest.fixture
def postgresql_database(postgresql_server: PostgresqlServer) -> Iterator[Database]:
    with postgresql_server.database(template=postgresql_server.template) as url:
        database = open_database(url)
        yield database
        database.close()


@pytest.fixture
def emptied_postgresql_database(postgresql_server: PostgresqlServer) -> Iterator[Database]:
    """For tests that ask what is in the tables, not what is in the files."""
    with postgresql_server.migrated_database() as url:
        database = open_database(url)
        yield database
        database.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_kind(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture
def database(request: pytest.FixtureRequest, database_kind: str) -> Database:
    """An empty database with our tables; the test runs once on SQLite and once on PostgreSQL."""
    is_shared = database_kind == "postgresql" and "postgresql_database" not in request.fixturenames
    name = "emptied_postgresql_database" if is_shared else f"{database_kind}_database"
    found: Database = request.getfixturevalue(name)
    return found


@pytest.fixture
def empty_database_url(request: pytest.FixtureRequest, database_kind: str) -> Iterator[str]:
    """The address of a database that has no tables, of the same kind as `database`."""
    if database_kind == "sqlite":
        yield f"sqlite:///{request.getfixturevalue('tmp_path') / 'empty.sqlite3'}"
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    with server.database() as url:
        yield url


@pytest.fixture(scope="session")
def repository() -> Path:
    return Path(__file__).resolve().parent.parent


CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
SWITCHES = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """A Chromium for the tests of a file. Its loop runs in the tests' own thread, so it must not outlive them."""
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES.split())
        yield browser
        browser.close()


# All rules of axe-core: WCAG 2.0 to 2.2, A and AA, and best practice. By itself it leaves out the size of targets.
_AXE = """off => axe.run({exclude: [['iframe']]}, {iframes: false, resultTypes: ['violations'],
    rules: {'target-size': {enabled: true}, ...Object.fromEntries(off.map(rule => [rule, {enabled: false}]))}})
    .then(found => found.violations.map(each => `${each.id}: ${each.nodes[0].html}`))"""
_SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS = (320, 375, 640, 1200)


@pytest.fixture(scope="session")
def hurdles(repository: Path) -> Callable[..., set[str]]:
    """What keeps people from a page, light and dark, on four widths: axe's findings, and sideways scrolling.

    Frames have tests of their own. `.ci/browser-tools` puts axe-core there.
    """
    file = repository / os.environ.get("MAILER_TEST_AXE", "node_modules/axe-core/axe.min.js")
    if not file.is_file():
        pytest.skip("axe-core is not installed: run .ci/browser-tools")
    script = file.read_text("utf-8")

    def found(page: "Page", *, but_for: Sequence[str] = ()) -> Iterator[str]:
        page.evaluate(script)
        for scheme, width in product(_SCHEMES, WIDTHS):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 900})
            yield from (f"{scheme}, {width}: {each}" for each in page.evaluate(_AXE, but_for))
            if page.evaluate("document.documentElement.scrollWidth") > width:
                yield f"{width}: the page scrolls sideways"

    return lambda page, **given: set(found(page, **given))


@pytest.fixture(scope="session")
def find_html_faults(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., dict[str, set[str]]]:
    """Ask html-validate which of its rules some pages break: by their names."""
    tool = repository / "node_modules" / ".bin" / "html-validate"
    if not tool.exists():
        pytest.skip("html-validate is not installed: run .ci/browser-tools")

    def find(**pages: str) -> dict[str, set[str]]:
        folder = tmp_path_factory.mktemp("html")
        (folder / "rules.json").write_text('{"root": true, "extends": ["html-validate:recommended"]}', "utf-8")
        for name, html in pages.items():
            (folder / f"{name}.html").write_text(html, "utf-8")
        command = [str(tool), "--config", "rules.json", "--formatter", "json=found.json", "*.html"]
        subprocess.run(command, cwd=folder, check=False, capture_output=True)
        found = {
            Path(file["filePath"]).stem: file["messages"]
            for file in json.loads((folder / "found.json").read_text("utf-8"))
        }
        return {name: {f"{each['ruleId']}: {each['message']}" for each in found.get(name, ())} for name in pages}

    return find


@pytest.fixture(scope="session")
def helsefellesskap(repository: Path) -> list[str]:
    """The slugs of the register, in its order."""
    register = tomllib.loads((repository / "subscribers" / "helsefellesskap.toml").read_text("utf-8"))
    return [each["slug"] for each in register["helsefellesskap"]]


# Words that the published pages break at a line end.
_BROKEN_WORDS = {"partnerskaps- møte": "partnerskapsmøte", "e- helse.": "e-helse.", "FACT- modellen.": "FACT-modellen."}
# Dates that we print without a zero in front: Viktige datoer of 2022-02.
_ZEROS = {"08. mars": "8. mars", "01. april": "1. april"}


@pytest.fixture(scope="session")
def seed_words(repository: Path) -> Callable[[str], Counter[str]]:
    """The words of a published newsletter, punctuation included, by `slug`.

    Left out are the bullets and the addresses of the links: the text taken from 2022-02 lists them after each page,
    from 2023-12 only one. (The two addresses that 2023-12 prints as text count as words.)
    """

    def words(slug: str) -> Counter[str]:
        text = (repository / "tests" / "data" / "seeds" / f"{slug}.txt").read_text("utf-8")
        addresses = ("http", "mailto:") if slug == "2022-02" else ("mailto:",)
        kept = [line for line in text.splitlines() if not line.strip().startswith(addresses)]
        running = " ".join(" ".join(kept).split())
        for printed, whole in (_BROKEN_WORDS | (_ZEROS if slug == "2022-02" else {})).items():
            running = running.replace(printed, whole)
        return Counter(word for word in running.split() if word != "•")

    return words


@pytest.fixture(scope="session")
def register(repository: Path) -> Register:
    """The lists that come with the product: 19 helsefellesskap and two own ones."""
    return read_register(repository / "subscribers")


@pytest.fixture
def build_store(register: Register) -> Callable[[Database], SubscriberStore]:
    """Make a store of subscribers whose lists are there and whose clock stands at 1 December 2023, 08:00 UTC."""

    def clock() -> datetime:
        return datetime(2023, 12, 1, 8, 0, tzinfo=UTC)

    def build(database: Database) -> SubscriberStore:
        sync_lists(database, register, now=clock())
        return SubscriberStore(database, clock=clock, suppression_key=b"suppression-key-of-tests", actor="kari")

    return build


@pytest.fixture
def store(database: Database, build_store: Callable[[Database], SubscriberStore]) -> SubscriberStore:
    """A store without subscribers; the test runs once on SQLite and once on PostgreSQL."""
    return build_store(database)


@pytest.fixture
def sqlite_store(sqlite_database: Database, build_store: Callable[[Database], SubscriberStore]) -> SubscriberStore:
    return build_store(sqlite_database)


@dataclass(frozen=True)
class CopiedProgram:
    """A copy of the program and of its workspace that a test may change."""

    folder: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Python in it, with the copy in place of the program."""
        environ = os.environ | {"PYTHONPATH": str(self.folder), "PYTHONIOENCODING": "utf-8"}
        command = [sys.executable, *arguments]
        return subprocess.run(command, cwd=self.folder, env=environ, capture_output=True, encoding="utf-8", check=False)

    def check_types(self) -> subprocess.CompletedProcess[str]:
        """Have mypy look at it, without what it knows of the program itself."""
        return self.run("-m", "mypy", "--package", "mailer", "--cache-dir", str(self.folder / "cache"))


@pytest.fixture
def copied_program(repository: Path, tmp_path: Path) -> CopiedProgram:
    for each in ("mailer", "templates", "subscribers"):
        # What is compiled goes along: times and sizes are kept, so that it counts for whatever a test leaves unchanged.
        shutil.copytree(repository / each, tmp_path / each, ignore=shutil.ignore_patterns("*.csv"))
    for each in ("config.toml", "pyproject.toml"):
        shutil.copyfile(repository / each, tmp_path / each)
    return CopiedProgram(tmp_path)


class Manager:
    """A service manager that hears what processes tell it of themselves."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener

    def told(self) -> str:
        """The next state; waits for it."""
        return self._listener.recv(100).decode()

    def told_until(self, state: str) -> list[str]:
        """All states up to this one."""
        found = [self.told()]
        while found[-1] != state:
            found.append(self.told())
        return found


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    """The manager of this process and of those that it starts."""
    with (
        tempfile.TemporaryDirectory() as folder,  # the name of a socket has at most 108 bytes
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener,
    ):
        listener.bind(f"{folder}/notify")
        listener.settimeout(30)
        monkeypatch.setenv("NOTIFY_SOCKET", f"{folder}/notify")
        yield Manager(listener)
