"""Messages per second with the ledger in PostgreSQL: one sender, then two senders sharing the work.

python benchmarks/send_postgresql.py [MESSAGES] [ROUNDS] [PATIENCE]

A throw-away cluster with fsync and synchronous_commit as they come, on a socket of its own; needs initdb and pg_ctl.
"""

import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from multiprocessing.synchronize import Barrier
from pathlib import Path

from rehearsal import Content, add_people, dispatcher, generate, others, plan, require_all_accepted, sink
from sqlalchemy import create_engine

from mailer.database.engine import open_database
from mailer.delivery.ledger import Ledger

TARGET_ONE, TARGET_TWO = 0.5, 0.9


@contextmanager
def cluster() -> Iterator[str]:
    """PostgreSQL refuses to run as root; then it runs as `postgres`."""
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


def send(url: str, port: int, mailing: int, ready: Barrier) -> None:
    """One sender: a process of its own."""
    with closing(open_database(url)) as database:
        sender = dispatcher(database, port)
        ready.wait()
        sender.run(mailing)


def rate(url: str, name: str, content: Content, port: int, messages: int, *, senders: int) -> float:
    with fresh_database(url, name):
        with closing(open_database(url.format(name), upgrade=True)) as database:
            add_people(database, messages)
            mailing = plan(database, content)
        context = multiprocessing.get_context("spawn")
        ready = context.Barrier(senders + 1)
        arguments = (url.format(name), port, mailing, ready)
        processes = [context.Process(target=send, args=arguments) for _ in range(senders)]
        for each in processes:
            each.start()
        ready.wait()
        began = time.perf_counter()
        for each in processes:
            each.join()
        seconds = time.perf_counter() - began
        with closing(open_database(url.format(name))) as database:
            require_all_accepted(Ledger(database).mailing(mailing).counts, messages)
    return messages / seconds


def main(messages: int = 10_000, rounds: int = 5, patience: int = 0) -> int:
    content = Content()
    print(f"{messages} messages of {content.size / 1000:.1f} kB, 10 connections a sender")
    print("round  smtp-source -d  1 sender  ratio  2 senders  of 1 sender  busy before")
    ones, twos = [], []
    with cluster() as url, sink() as port:
        rate(url, "warm", content, port, 500, senders=1)
        for number in range(1, rounds + 1):
            before = others(patience)
            yardstick = generate(port, messages, size=content.size)
            one = rate(url, f"one{number}", content, port, messages, senders=1)
            two = rate(url, f"two{number}", content, port, messages, senders=2)
            ones.append(one / yardstick)
            twos.append(two / one)
            print(f"{number:5}  {yardstick:14.0f}  {one:8.0f}  {ones[-1]:5.2f}  {two:9.0f}  {twos[-1]:11.2f}  {before}")
    one, two = statistics.median(ones), statistics.median(twos)
    print(
        f"median: one sender {one:.2f} of the generator (must reach {TARGET_ONE}), two {two:.2f} of one ({TARGET_TWO})"
    )
    return 0 if one >= TARGET_ONE and two >= TARGET_TWO else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
