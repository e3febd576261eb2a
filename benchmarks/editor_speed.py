"""How long an editor waits: `mailer check` as a process, a save until it is seen, the values of 100,000 recipients.

python benchmarks/editor_speed.py
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from statistics import median
from threading import Thread

import uvicorn
from playwright.sync_api import sync_playwright

from mailer.bootstrap import build_services
from mailer.current_services import CurrentServices
from mailer.preview.server import Preview
from mailer.subscribers.audience import AudienceMember
from mailer.usecases.slot_values import merge_findings

REPOSITORY = Path(__file__).resolve().parent.parent
SLUG = "2023-12"
ROUNDS = 9
RECIPIENTS = 100_000
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def check_process() -> list[float]:
    command = [sys.executable, "-m", "mailer", "check", SLUG]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    run = partial(subprocess.run, command, cwd=REPOSITORY, env=environment, check=True, capture_output=True)
    run()
    return [seconds(run) for _ in range(ROUNDS)]


def merge_values() -> float:
    audience = [
        AudienceMember(
            subscriber_id=number,
            address=f"n{number}@kommune.example",
            recipient=f"N{number}@kommune.example",
            name="Navn",
            lang="nn" if number % 3 else "nb",
            lists=("oslo",),
            helsefellesskap=("oslo",),
        )
        for number in range(1, RECIPIENTS + 1)
    ]
    return seconds(lambda: merge_findings(audience))


def save_until_visible() -> list[float]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for each in ("issues", "subscribers"):
            shutil.copytree(REPOSITORY / each, folder / each)
        shutil.copyfile(REPOSITORY / "config.toml", folder / "config.toml")
        current = CurrentServices(partial(build_services, folder / "config.toml", environ={}))
        application = Preview(current, SLUG, today=date.today).application()
        server = uvicorn.Server(uvicorn.Config(application, log_level="critical", lifespan="off"))
        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = Thread(target=server.run, kwargs={"sockets": [listener]})
            thread.start()
            try:
                return _saves(listener.getsockname()[1], folder / "issues" / SLUG / "issue.toml")
            finally:
                server.should_exit = True
                thread.join(timeout=5)


def _saves(port: int, file: Path) -> list[float]:
    waits = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=SWITCHES)
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{port}/")
        page.wait_for_selector("body[data-watching]")
        text = file.read_text("utf-8")
        for number in range(ROUNDS):
            page.wait_for_timeout(1500)
            words = f"Runde {number} av målinga"
            file.write_text(text.replace('intro = """\n', f'intro = """\n{words}\n\n', 1), "utf-8")
            start = time.perf_counter()
            page.frame_locator("iframe[name=mail]").get_by_text(words).wait_for()
            waits.append(time.perf_counter() - start)
        browser.close()
    return waits


if __name__ == "__main__":
    processes = check_process()
    print(f"mailer check {SLUG} as a process: median {median(processes):.2f} s, best {min(processes):.2f} s")
    print(f"the values of {RECIPIENTS:,} recipients: {merge_values():.2f} s")
    saves = save_until_visible()
    print(f"a save until it is seen: median {median(saves) * 1000:.0f} ms, best {min(saves) * 1000:.0f} ms")
    if hasattr(os, "getloadavg"):
        print(f"load of the machine meanwhile: {os.getloadavg()[0]:.1f}")
