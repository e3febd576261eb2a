"""How long commands take to start: `python benchmarks/start_up.py`, beside `python -c 'import typer'`, in turns.

Processes run as those of an installed mailer do: Python may keep the modules it has compiled, and mailer its templates,
so the first round is not counted.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

REPOSITORY = Path(__file__).resolve().parent.parent
ROUNDS = 30
YARDSTICK = "import typer"
COMPLETION = "mailer che<TAB>"
MAILER = [str(Path(sys.executable).with_name("mailer"))]
COMMANDS = {
    YARDSTICK: [sys.executable, "-c", YARDSTICK],
    "mailer --help": [*MAILER, "--help"],
    "mailer subscribers --help": [*MAILER, "subscribers", "--help"],
    "mailer check --help": [*MAILER, "check", "--help"],
    "mailer config show": [*MAILER, "config", "show"],
    "mailer check 2023-12": [*MAILER, "check", "2023-12"],
    COMPLETION: MAILER,
}
COMPLETING = {"_MAILER_COMPLETE": "complete_bash", "COMP_WORDS": "mailer che", "COMP_CWORD": "1"}


def run(name: str) -> tuple[float, float]:
    """Milliseconds that passed, and that the processor worked."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environment |= COMPLETING if name == COMPLETION else {}
    before, start = os.times(), time.perf_counter()
    subprocess.run(COMMANDS[name], check=True, capture_output=True, cwd=REPOSITORY, env=environment)
    passed, after = time.perf_counter() - start, os.times()
    worked = after.children_user + after.children_system - before.children_user - before.children_system
    return passed * 1000, worked * 1000


def main() -> None:
    for name in COMMANDS:
        run(name)
    rounds = [{name: run(name) for name in COMMANDS} for _ in range(ROUNDS)]
    print(
        f"{'medians of ' + str(ROUNDS) + ' rounds':<28}{'took':>9}{'least':>9}{'of processor':>15}{'× yardstick':>14}"
    )
    for name in COMMANDS:
        times = [each[name][0] for each in rounds]
        worked = (
            sum(each[name][1] for each in rounds) / ROUNDS
        )  # the clock of processes ticks in hundredths of a second
        ratio = median(each[name][0] / each[YARDSTICK][0] for each in rounds)
        print(f"{name:<28}{median(times):>6.0f} ms{min(times):>6.0f} ms{worked:>12.0f} ms{ratio:>14.2f}")
    if hasattr(os, "getloadavg"):
        print(f"load of the machine meanwhile: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
