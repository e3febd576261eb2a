"""How long planning a mailing to a million people takes: the audience read, the variants composed, all of it frozen.

python benchmarks/plan_million.py [PEOPLE]
"""

import resource
import sys
import time

from rehearsal import Content, add_people, others, plan, sqlite

TARGET_SECONDS = 30


def main(people: int = 1_000_000) -> int:
    content = Content()
    with sqlite() as database:
        add_people(database, people)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
        busy = others()
        began = time.perf_counter()
        plan(database, content)
        seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(f"{people:,} people planned in {seconds:.1f} s (at most {TARGET_SECONDS}); busy before: {busy}")
    print(f"peak memory {peak:.0f} MB ({before:.0f} MB before)")
    return 0 if seconds <= TARGET_SECONDS * people / 1_000_000 else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
