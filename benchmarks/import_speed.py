"""A million subscribers in, out, counted and found, beside the least that `csv` and `sqlite3` can do.

    python benchmarks/import_speed.py [ROWS] [--postgresql]

With `--postgresql` the same once more on a throw-away PostgreSQL, whose own work shows in the clock's seconds only.
CPU seconds stand beside the clock's: they are nearly the same on a machine that has nothing else to do.
"""

import csv
import gc
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rehearsal import cluster, fresh_database, others

from mailer.cli import ROOM_BEFORE_COLLECTING
from mailer.database.engine import Database, open_database
from mailer.subscribers.files.exporting import ExportChoice, Format, export
from mailer.subscribers.imports.importing import ImportOptions, import_files
from mailer.subscribers.people.store import SubscriberStore
from mailer.subscribers.register import read_register

NAMES = ["Åse", "Ola", "Kari", "Per", "Siri", "Tomasz", "Ingrid", "Bjørn", "Øyvind", "Anne", "Gro", "Liv", "Marit"]
FAMILIES = ["Ødegård", "Hansen", "Næss", "Berg", "Lunde", "Moe", "Haugen", "Dahl", "Bakke", "Eriksen", "Solberg"]
LISTS = ["finnmark", "agder", "oslo", "bergen", "fonna", "telemark", "vestfold", "ostfold", "akershus"]
TARGET_POSTGRESQL = 2
SUBSCRIBERS = Path(__file__).resolve().parent.parent / "subscribers"


def write_file(file: Path, rows: int) -> None:
    """As a Norwegian Excel saves it: cp1252 and semicolons; 2 % invalid lines, 3 % duplicates."""
    chosen, line = random.Random(7), ""
    with file.open("w", encoding="cp1252", newline="") as out:
        out.write("epost;navn;liste;språk;rolle;organisasjon;grunnlag\r\n")
        for number in range(rows):
            kind = chosen.random()
            name = f"{chosen.choice(NAMES)} {chosen.choice(FAMILIES)}"
            if kind < 0.02:
                out.write(f"no address {number};{name};oslo;nb;kommune;;e: public task\r\n")
                continue
            if kind >= 0.05 or not line:
                address = f"p{chosen.randrange(10**9)}.{number}@k{chosen.randrange(400)}.kommune.example"
                organisation = f"{chosen.choice(FAMILIES)} kommune"
                line = f"{address};{name};{chosen.choice(LISTS)};nb;kommune;{organisation};e: case 24/{number % 100}"
            out.write(line + "\r\n")


@contextmanager
def measured(what: str) -> Iterator[None]:
    began, cpu = time.perf_counter(), time.process_time()
    yield
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    clock, cpu = time.perf_counter() - began, time.process_time() - cpu
    print(f"{what:34} {clock:7.2f} s  {cpu:7.2f} s CPU  {peak:4.0f} MB", flush=True)


def least_in(file: Path, database: Path) -> None:
    """Read the columns and insert them into one table with a unique address; no checks, no history."""
    with closing(sqlite3.connect(database)) as connection, file.open(encoding="cp1252", newline="") as lines:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE person (address TEXT UNIQUE, name, list, lang, role, organisation, basis)")
        rows = csv.reader(lines, delimiter=";")
        next(rows)
        connection.executemany("INSERT OR IGNORE INTO person VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        connection.commit()


def least_out(database: Path, file: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, file.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, delimiter=";").writerows(connection.execute("SELECT * FROM person"))


def _store(database: Database) -> SubscriberStore:
    return SubscriberStore(database, clock=lambda: datetime.now(UTC), suppression_key=b"key-of-the-benchmark")


def put_in(store: SubscriberStore, file: Path) -> None:
    began, ends = time.perf_counter(), {}
    report = import_files(
        store,
        read_register(SUBSCRIBERS),
        [file],
        options=ImportOptions(skip_invalid=True),
        progress=lambda progress: ends.update({progress.step: round(time.perf_counter() - began, 1)}),
    )
    print(
        f"  { ({outcome.value: number for outcome, number in report.counts.items() if number}) }, steps ended at {ends}"
    )


def take_out(store: SubscriberStore, file: Path) -> None:
    with measured("export"):
        export(store, file.with_name("out.csv"), choice=ExportChoice(), form=Format.EXCEL)


def count(store: SubscriberStore, _file: Path) -> None:
    with measured("audience"):
        number = sum(1 for _ in store.read_audience())
    print(f"  {number:,} members")


def find(store: SubscriberStore, _file: Path) -> None:
    store.find("warm")
    for query in ("p12345", "åse øde", "@k17.kommune.example", "kari", "nobody at all"):
        with measured(f"find {query}"):
            store.find(query)


def import_once(what: str) -> Callable[[SubscriberStore, Path], None]:
    def run(store: SubscriberStore, file: Path) -> None:
        with measured(what):
            put_in(store, file)

    return run


STEPS = {
    "first": import_once("first import"),
    "second": import_once("second import"),
    "export": take_out,
    "audience": count,
    "find": find,
}


def main(rows: int, *, postgresql: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "people.csv"
        write_file(file, rows)
        print(f"{rows:,} rows, {file.stat().st_size / 1e6:.0f} MB; busy before: {others()}")
        with measured("csv + sqlite3, least work, in"):
            least_in(file, folder / "least.sqlite3")
        with measured("csv + sqlite3, least work, out"):
            least_out(folder / "least.sqlite3", folder / "least.csv")
        sqlite = run_steps("SQLite", file, f"sqlite:///{folder}/mailer.sqlite3")
        if postgresql:
            with cluster() as url, fresh_database(url, "people"):
                compare(sqlite, run_steps("PostgreSQL", file, url.format("people")))


def run_steps(what: str, file: Path, url: str) -> dict[str, float]:
    """Each in a process of its own, for its own peak of memory; returns the seconds of each."""
    print(what)
    took = {}
    for step in STEPS:
        began = time.perf_counter()
        subprocess.run([sys.executable, __file__, "--step", step, str(file), url], check=True)
        took[step] = time.perf_counter() - began
    return took


def compare(sqlite: dict[str, float], postgresql: dict[str, float]) -> None:
    for step in ("first", "second", "export", "audience"):
        ratio = postgresql[step] / sqlite[step]
        print(f"{step}: PostgreSQL took {ratio:.2f} times as long (at most {TARGET_POSTGRESQL})")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--step"]:
        gc.set_threshold(ROOM_BEFORE_COLLECTING)  # as the command itself does
        with closing(open_database(sys.argv[4], upgrade=True)) as opened:
            STEPS[sys.argv[2]](_store(opened), Path(sys.argv[3]))
    else:
        numbers = [each for each in sys.argv[1:] if each.isdecimal()]
        main(int(numbers[0]) if numbers else 1_000_000, postgresql="--postgresql" in sys.argv)
