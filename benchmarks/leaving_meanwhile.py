"""How long leaving takes while an import changes everybody, and while that is undone; and the one beside the other.

`python benchmarks/leaving_meanwhile.py [LINES]` prints times (of the clock and of the processor), ratios, and the
slowest one-click of four a second, beside those with nothing else at work. `[database]` is a SQLite file of its own;
with `--url URL` it is that database, which must be empty. There, the processor's time lacks that of the server.
"""

import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path

import httpx

from mailer.bootstrap import Services, build_services
from mailer.subscribers.tokens import make_token
from mailer.usecases.creation import init_workspace

KEYS = {"MAILER_SECRET_KEYS": "keys-of-the-benchmark", "MAILER_SUPPRESSION_KEY": "suppression-key-of-the-benchmark"}


EACH_SECONDS = 0.25
QUIET_SECONDS = 10


class Clicks(threading.Thread):
    """Four one-clicks a second; keeps how long each took, since `take` was last called."""

    def __init__(self, services: Services, address: str) -> None:
        super().__init__(daemon=True)
        self._services, self._address = services, address
        self._seconds: list[float] = []
        self._is_over = threading.Event()

    def run(self) -> None:
        client = httpx.Client(timeout=120, headers={"Connection": "close"})  # making one takes as long as an answer
        for person in range(1, 10**9):
            token = make_token(self._services.keys, purpose="leave", subscriber_id=person)
            began = time.monotonic()
            client.post(f"{self._address}/one-click/{token}").raise_for_status()
            self._seconds.append(time.monotonic() - began)
            if self._is_over.wait(max(0, EACH_SECONDS - self._seconds[-1])):
                return

    def stop(self) -> None:
        self._is_over.set()
        self.join()

    def take(self) -> str:
        seconds, self._seconds = self._seconds, []
        return f"slowest of {len(seconds)} one-clicks {max(seconds, default=0):.2f} s"


def write(file: Path, lines: int, word: str) -> str:
    rows = (f"p{each}@oslo.example;Navn {word} {each};Org {word};oslo;e: sak {word}" for each in range(lines))
    file.write_text("\n".join(["epost;navn;organisasjon;liste;grunnlag", *rows, ""]), "utf-8")
    return str(file)


def main(lines: int, url: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "workspace"
        init_workspace(folder)
        environ = os.environ | KEYS | {"MAILER_DATABASE__URL": url or f"sqlite:///{name}/mailer.sqlite3"}
        command = [sys.executable, "-u", "-m", "mailer", "--config", str(folder / "config.toml")]

        def run(*arguments: str) -> tuple[float, float]:
            began, before = time.monotonic(), os.times()
            subprocess.run([*command, *arguments], env=environ, check=True, stdout=subprocess.DEVNULL)
            after = os.times()
            processor = after.children_user + after.children_system - before.children_user - before.children_system
            return time.monotonic() - began, processor

        run("db", "upgrade")
        run("subscribers", "import", write(folder / "first.csv", lines, "a"))
        with (
            closing(build_services(folder / "config.toml", environ=environ, announce=lambda _: None)) as services,
            subprocess.Popen(
                [*command, "serve", "--port", "0"], env=environ, stdout=subprocess.PIPE, text=True
            ) as pages,
        ):
            assert pages.stdout is not None
            found = re.search(r"http://[\d.]+:\d+", pages.stdout.readline())
            assert found is not None
            clicks = Clicks(services, found[0])
            clicks.start()
            time.sleep(QUIET_SECONDS)
            print(f"nothing else at work: {clicks.take()}")
            took, changing = run("subscribers", "import", write(folder / "second.csv", lines, "b"))
            print(f"{lines:,} lines that change two facts and a basis: {took:.1f} s, {changing:.1f} s of processor")
            print(clicks.take())
            undone, undoing = run("subscribers", "import", "--undo", "2")
            print(f"undone: {undone:.1f} s, {undoing:.1f} s of processor; {clicks.take()}")
            print(f"undone / changed: {undone / took:.2f}, of processor {undoing / changing:.2f} (at most 1.2)")
            run("subscribers", "purge")
            print(f"purge: {clicks.take()}")
            clicks.stop()
            pages.terminate()


if __name__ == "__main__":
    numbers = [int(each) for each in sys.argv[1:] if each.isdecimal()]
    main(numbers[0] if numbers else 200_000, sys.argv[sys.argv.index("--url") + 1] if "--url" in sys.argv else "")
