"""Serves local pages to the person who started them, from the launch address to Ctrl-C."""

import os
import re
import signal
import socket
import sys
import tempfile
import time
import webbrowser
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import datetime
from html import escape
from pathlib import Path
from threading import Thread

import uvicorn
from starlette.types import ASGIApp

from mailer.bootstrap import Services
from mailer.catalogue import msg
from mailer.errors import InputOutputError, reason_of
from mailer.local.access import Access
from mailer.local.asking import HOST
from mailer.local.doors import make_doors
from mailer.local.guard import Guard
from mailer.page_thread import serve_until_signal
from mailer.private import make_private_folder

Say = Callable[[str], None]
LONGEST_LINE = 4096  # that a terminal takes
# Browsers that Python finds where there is no other, and waits for.
_IN_TERMINAL = frozenset({"www-browser", "links", "elinks", "lynx", "w3m"})
_PREFIX, _SUFFIX = "open-", ".html"
_LAUNCH = re.compile(rf"http://{re.escape(HOST)}:(\d{{1,5}})/open/")


def serve_to_starter(
    application: ASGIApp,
    listener: socket.socket,
    *,
    services: Services,
    shown: Callable[[str], str],
    in_use: str,
    say: Say,
    opens_browser: bool = False,
) -> None:
    """Serve pages until Ctrl-C, to the person who started them alone.

    `shown` turns a launch address into the words for it, when the pages can be opened. `in_use` says what the terminal
    is in use for, to a person who types more than Enter there.
    """
    access, port = Access(), int(listener.getsockname()[1])
    remove_stale_files(services.settings.paths.var, own_port=port)
    launches = Launches(access, port=port, say=say)
    guard = Guard(application, access, make_doors(services, access), on_opened=launches.opened)
    with closing(launches):
        say(shown(launches.new()))
        if sys.stdin.isatty():
            say(msg("preview.works-once"))
            _call_at_lines(lambda typed: say(in_use if typed else launches.new()))
        if opens_browser and not launches.open_browser(services.settings.paths.var):
            say(msg("preview.no-browser"))
        run_until_stopped(guard, listener)


class Launches:
    """The launch addresses of a server: in the terminal, and in a file for the browser that is opened by itself."""

    def __init__(self, access: Access, *, port: int, say: Say) -> None:
        self._access = access
        self._origin = f"http://{HOST}:{port}"
        self._say = say
        self._files: dict[str, Path] = {}

    def new(self) -> str:
        """Return another address."""
        return f"{self._origin}{self._access.new_launch()}"

    def open_browser(self, folder: Path) -> bool:
        """Open the browser with a file that leads on; false where no file or browser can be had."""
        launch = self._access.new_launch()
        try:
            self._files[launch] = write_launch_file(f"{self._origin}{launch}", folder)
        except OSError:
            return False
        return _has_browser() and webbrowser.open(self._files[launch].as_uri())

    def opened(self, launch: str) -> None:
        """Say that an address was opened, since another person may have been first."""
        if file := self._files.pop(launch, None):
            file.unlink(missing_ok=True)
        self._say(msg("preview.opened", time=datetime.now().astimezone().time()))

    def close(self) -> None:
        """Remove the file that no browser has read."""
        for file in self._files.values():
            file.unlink(missing_ok=True)


def _has_browser() -> bool:
    """Return whether a browser opens a window of its own: one in the terminal would hold it."""
    try:
        return Path(webbrowser.get().name).name not in _IN_TERMINAL
    except webbrowser.Error:
        return False


def write_launch_file(address: str, folder: Path) -> Path:
    """Write a file that leads a browser to an address, for its own user alone; raises `OSError`.

    A browser's arguments can be read by every user of the machine. The file lies in a folder of the workspace, since
    browsers in a sandbox (snap) see neither the folder for temporary files nor hidden ones.
    """
    goal = escape(address)
    page = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>mailer</title>'
        f'<meta name="referrer" content="no-referrer"><meta http-equiv="refresh" content="0;url={goal}"></head>'
        f'<body><p><a href="{goal}">mailer</a></p></body></html>'
    )
    make_private_folder(folder)
    descriptor, name = tempfile.mkstemp(prefix=_PREFIX, suffix=_SUFFIX, dir=folder)  # readable by its user alone
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(page)
    return Path(name)


def remove_stale_files(folder: Path, *, own_port: int) -> None:
    """Remove the files of servers that are gone, as killed ones leave them. Of the own port, a server was before us."""
    for file in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
        with suppress(OSError):
            found = _LAUNCH.search(file.read_text(encoding="utf-8", errors="replace"))
            if found and (int(found[1]) == own_port or not _is_served(int(found[1]))):
                file.unlink()


def _is_served(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def _call_at_lines(call: Callable[[str], None]) -> None:
    """Call with each line typed in the terminal, which may also have put us into the background for a while."""
    if hasattr(signal, "SIGTTIN"):
        signal.signal(signal.SIGTTIN, signal.SIG_IGN)  # reading in the background then fails instead of stopping us
    Thread(target=_read_lines, args=(sys.stdin.fileno(), call), name="lines", daemon=True).start()


def _read_lines(terminal: int, call: Callable[[str], None]) -> None:
    """Read without Python's buffer: its lock would be held when the process ends."""
    while True:
        try:
            line = os.read(terminal, LONGEST_LINE)
        except OSError:  # in the background
            time.sleep(1)
            continue
        if not line:
            return
        call(line.decode(errors="replace").strip())


def run_until_stopped(application: ASGIApp, listener: socket.socket) -> None:
    """Serve until Ctrl-C, SIGTERM or SIGHUP; a page that hangs keeps nothing from ending."""
    serve_until_signal(_LocalServer(application), listener)


class _LocalServer:
    """Serves pages, logging nothing, since addresses hold the secret."""

    def __init__(self, application: ASGIApp) -> None:
        config = uvicorn.Config(
            application,
            log_level="critical",
            access_log=False,
            lifespan="off",
            ws="none",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)

    def stop(self) -> None:
        """Let pages that still listen for news go after a second; the second time, at once."""
        self._server.force_exit = self._server.should_exit
        self._server.should_exit = True

    async def run(self, listener: socket.socket) -> None:
        """Serve until `stop`."""
        await self._server.serve(sockets=[listener])


def listen(port: int) -> socket.socket:
    """A socket on this machine alone; raises `MailerError` when the port is taken."""
    listener = socket.socket()
    if sys.platform != "win32":  # there it would share the port with whoever has it
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()  # the browser may be quicker than the server
    except OSError as error:
        listener.close()
        hint = msg("preview.choose-port")
        what = msg("preview.port-unusable", port=str(port), reason=reason_of(error))
        raise InputOutputError(what, hint=hint) from error
    return listener
