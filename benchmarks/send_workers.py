"""How much faster two and four senders of four connections are than one, when the server is 20 ms away.

python benchmarks/send_workers.py [MESSAGES] [ROUNDS] [PATIENCE]

The senders are those of workers on several machines, on PostgreSQL with fsync and synchronous_commit as they come. The
medians of several rounds count; the machine should do nothing else.
"""

import statistics
import sys

from rehearsal import Content, cluster, others, sink
from send_postgresql import rate
from send_round_trip import Delay

CONNECTIONS = 4
TARGETS = {2: 1.9, 4: 3.6}


def main(messages: int = 2000, rounds: int = 3, patience: int = 0) -> int:
    content = Content()
    numbers = (1, *TARGETS)
    print(f"20 ms round trip, {CONNECTIONS} connections a sender, {messages} messages a sender; a second:")
    print("round " + "".join(f"{number:>5} senders" for number in numbers))
    found: dict[int, list[float]] = {number: [] for number in numbers}
    with cluster() as url, sink() as port:
        delay = Delay(port)
        delay.start()
        for number in range(1, rounds + 1):
            busy = others(patience)
            for senders in numbers:
                pace = rate(
                    url,
                    f"workers_{number}_{senders}",
                    content,
                    delay.port,
                    messages * senders,
                    senders=senders,
                    connections=CONNECTIONS,
                )
                found[senders].append(pace)
            print(f"{number:5} " + "".join(f"{found[each][-1]:13.0f}" for each in numbers) + f"  others: {busy}")
    one = statistics.median(found[1])
    times = {number: statistics.median(found[number]) / one for number in TARGETS}
    for number, gain in times.items():
        print(f"{number} senders: {gain:.2f} times one (must reach {TARGETS[number]})")
    return 0 if all(times[each] >= target for each, target in TARGETS.items()) else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
