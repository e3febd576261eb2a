"""Messages per second with everything switched on, beside Postfix's own generator, into the same smtp-sink.

python benchmarks/send_speed.py [MESSAGES] [ROUNDS] [PATIENCE]

Ours: the real issue of December 2023, personalised; claims, marks and results in SQLite with synchronous=FULL;
10 connections. The yardstick: `smtp-source -d`, one body of the same size, 10 connections, no ledger.
Each round waits up to PATIENCE seconds for the rest of the machine to be quiet, and says how quiet it was.
"""

import resource
import statistics
import sys
import time

from rehearsal import Content, add_people, dispatcher, generate, others, plan, require_all_accepted, sink, sqlite

TARGET = 0.9


def ours(content: Content, port: int, messages: int) -> tuple[float, float]:
    """Messages per second, and microseconds of our processor time for each."""
    with sqlite() as database:
        add_people(database, messages)
        mailing = plan(database, content)
        began, used = time.perf_counter(), time.process_time()
        ended = dispatcher(database, port).run(mailing)
        seconds, processor = time.perf_counter() - began, time.process_time() - used
        require_all_accepted(ended.counts, messages)
    return messages / seconds, processor / messages * 1e6


def main(messages: int = 10_000, rounds: int = 5, patience: int = 0) -> int:
    content = Content()
    print(f"{messages} messages of {content.size / 1000:.1f} kB, 10 connections")
    print("round  smtp-source -d   mailer   ratio   µs of processor each  busy before")
    ratios, rates = [], []
    with sink() as port:
        ours(content, port, 200)  # the first imports and the first composing are no part of it
        for number in range(1, rounds + 1):
            before = others(patience)
            yardstick = generate(port, messages, size=content.size)
            rate, processor = ours(content, port, messages)
            ratios.append(rate / yardstick)
            rates.append(rate)
            print(f"{number:5}  {yardstick:14.0f}  {rate:7.0f}  {ratios[-1]:6.2f}  {processor:20.0f}  {before}")
    median = statistics.median(ratios)
    print(f"median {statistics.median(rates):.0f} messages per second, ratio {median:.2f} (must reach {TARGET})")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000:.0f} MB")
    return 0 if median >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
