"""Messages per second with the ledger in PostgreSQL: one sender, then two senders sharing the work.

python benchmarks/send_postgresql.py [MESSAGES] [ROUNDS] [PATIENCE]

A throw-away cluster with fsync and synchronous_commit as they come, on a socket of its own; needs initdb and pg_ctl.
"""

import multiprocessing
import statistics
import sys
import time
from contextlib import closing
from multiprocessing.synchronize import Barrier

from rehearsal import (
    CONNECTIONS,
    Content,
    add_people,
    cluster,
    dispatcher,
    fresh_database,
    generate,
    others,
    plan,
    require_all_accepted,
    sink,
)

from mailer.database.engine import open_database
from mailer.delivery.ledger import Ledger

TARGET_ONE, TARGET_TWO = 0.5, 0.9


def send(url: str, port: int, mailing: int, ready: Barrier, connections: int) -> None:
    """One sender: a process of its own."""
    with closing(open_database(url)) as database:
        sender = dispatcher(database, port, connections=connections)
        ready.wait()
        sender.run(mailing)


def rate(
    url: str, name: str, content: Content, port: int, messages: int, *, senders: int, connections: int = CONNECTIONS
) -> float:
    with fresh_database(url, name):
        with closing(open_database(url.format(name), upgrade=True)) as database:
            add_people(database, messages)
            mailing = plan(database, content)
        context = multiprocessing.get_context("spawn")
        ready = context.Barrier(senders + 1)
        arguments = (url.format(name), port, mailing, ready, connections)
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
