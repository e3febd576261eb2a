"""How much memory planning and sending take with a million people, beside ten thousand; each in a process of its own.

python benchmarks/send_memory.py [PEOPLE]

Both plan everybody; of the million, sending is stopped after 20,000 messages: by then whatever grows has grown.
"""

import resource
import subprocess
import sys
from threading import Event

from rehearsal import Content, add_people, dispatcher, plan, sink, sqlite

from mailer.database.engine import open_database
from mailer.delivery.progress import Progress

FEW, SENT = 10_000, 20_000
TARGET_RATIO, TARGET_MEGABYTES = 1.3, 200


def measure(people: int) -> None:
    """Print the peak of this process in megabytes; filling the database is done by another one."""
    with sqlite() as database, sink() as port:
        subprocess.run([sys.executable, __file__, "fill", str(database.engine.url), str(people)], check=True)
        mailing = plan(database, Content())
        stop = Event()

        def stop_in_time(progress: Progress) -> None:
            if progress.accepted >= SENT:
                stop.set()

        dispatcher(database, port).run(mailing, stop=stop, on_progress=stop_in_time)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000)


def fill(url: str, people: int) -> None:
    database = open_database(url)
    add_people(database, people)
    database.close()


def peak(people: int) -> float:
    command = [sys.executable, __file__, "measure", str(people)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def main(many: int = 1_000_000) -> int:
    few, lots = peak(FEW), peak(many)
    print(f"{FEW:,} people: {few:.0f} MB; {many:,} people: {lots:.0f} MB, {lots / few:.2f} times as much")
    print(f"(at most {TARGET_RATIO} times and {TARGET_MEGABYTES} MB)")
    return 0 if lots <= TARGET_RATIO * few and lots <= TARGET_MEGABYTES else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"]:
        measure(int(sys.argv[2]))
    elif sys.argv[1:2] == ["fill"]:
        fill(sys.argv[2], int(sys.argv[3]))
    else:
        sys.exit(main(*map(int, sys.argv[1:])))
