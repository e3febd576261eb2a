"""Draws the pictures of the preview and the inbox: `python docs/pictures/draw_preview.py`. Needs Chromium."""

import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from threading import Thread
from typing import Literal

import uvicorn
from PIL import Image
from playwright.sync_api import Browser, sync_playwright
from starlette.types import ASGIApp

from mailer.bootstrap import Services, build_services
from mailer.local.access import Access
from mailer.local.doors import make_doors
from mailer.local.guard import Guard
from mailer.preview.choice import PreviewChoice
from mailer.preview.inbox import Inbox
from mailer.preview.latest import Latest
from mailer.preview.server import Preview
from mailer.preview.static import write_preview
from mailer.subscribers.imports.importing import ImportOptions, import_files

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
SLUG = "2023-12"
BROKEN = "items/180-utviklingssentral.md"
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


@contextmanager
def served(application: ASGIApp, services: Services) -> Iterator[str]:
    access = Access()
    guard = Guard(application, access, make_doors(services, access))
    server = uvicorn.Server(uvicorn.Config(guard, log_level="critical", lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}{access.path}"
        server.should_exit = True
        thread.join(timeout=5)


def draw(
    browser: Browser, address: str, name: str, *, scheme: Literal["light", "dark"] = "light", width: int = 1240
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 820}, color_scheme=scheme)
    page.goto(address, wait_until="load")
    page.wait_for_timeout(500)
    with Image.open(BytesIO(page.screenshot())) as taken:
        taken.convert("RGB").quantize(128).save(HERE / f"{name}.png", optimize=True)
    page.close()


def draw_preview(browser: Browser, services: Services, folder: Path) -> None:
    application = Preview(lambda: services, SLUG, today=lambda: date(2023, 12, 1)).application()
    file = folder / "issues" / SLUG / BROKEN
    good = file.read_text("utf-8")
    with served(application, services) as address:
        draw(browser, f"{address}?list=vest-viken", "preview")
        draw(browser, f"{address}?screen=phone&colours=dark&list=vest-viken", "preview-dark", scheme="dark")
        draw(browser, f"{address}?part=text&query=tomasz", "preview-text")
        file.write_text(good.replace("title =", "titel =", 1), "utf-8")
        draw(browser, address, "preview-broken")
        file.write_text(good, "utf-8")


def draw_approval(browser: Browser, services: Services, folder: Path) -> None:
    index = write_preview(services, SLUG, folder / "approval", today=date(2023, 12, 1))
    page = index.with_name("variant-3-phone.html")
    page.write_text(page.read_text("utf-8").replace("<details>", "<details open>"), "utf-8")
    draw(browser, page.as_uri(), "approval")


def draw_inbox(browser: Browser, services: Services, folder: Path) -> None:
    caught = folder / "var" / "inbox" / "new"
    caught.mkdir(parents=True)
    latest = Latest(services, SLUG, today=lambda: date(2023, 12, 1))
    for number, place in enumerate(("oslo", "telemark", "vest-viken")):
        view = latest.view(PreviewChoice(list=place))
        if view is not None:
            recipient = f"Delivered-To: samhandling@{place}.example\r\n".encode()
            (caught / f"{number}.mail").write_bytes(recipient + view.eml)
    with served(Inbox(services, folder / "var" / "inbox").application(), services) as address:
        draw(browser, address, "inbox")


def main() -> None:
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        for each in ("issues", "subscribers"):
            shutil.copytree(REPOSITORY / each, folder / each)
        shutil.copyfile(REPOSITORY / "config.toml", folder / "config.toml")
        clock = datetime(2023, 12, 1, 9, 0, tzinfo=UTC)
        services = build_services(folder / "config.toml", environ={}, announce=lambda _: None)
        services.clock = lambda: clock
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=SWITCHES)
        files = sorted((folder / "subscribers").glob("example-*.csv"))
        import_files(services.subscribers, services.register, files, options=ImportOptions())
        draw_preview(browser, services, folder)
        draw_approval(browser, services, folder)
        draw_inbox(browser, services, folder)
        browser.close()
        services.close()


if __name__ == "__main__":
    main()
