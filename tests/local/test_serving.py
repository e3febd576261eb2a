"""Files that lead the browser to a server which is gone: the next start removes them, and no others."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from mailer.bootstrap import Services
from mailer.local.serving import listen, remove_stale_files, serve_to_starter, write_launch_file


def _launch(port: int, folder: Path) -> Path:
    return write_launch_file(f"http://127.0.0.1:{port}/open/abc", folder)


def _unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        return int(closed.getsockname()[1])


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("open-*.html"))


def test_a_file_of_a_server_that_still_runs_stays_and_so_does_a_page_of_somebodys_own(tmp_path: Path) -> None:
    own = tmp_path / "open-letter.html"
    own.write_text("<p>Kari</p>", encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as running:
        port = int(running.getsockname()[1])
        needed, killed = _launch(port, tmp_path), _launch(_unused_port(), tmp_path)
        remove_stale_files(tmp_path, own_port=_unused_port())
        assert not killed.exists()
        assert _files(tmp_path) == sorted([needed, own])
        remove_stale_files(tmp_path, own_port=port)
    assert _files(tmp_path) == [own]


def test_what_cannot_be_read_or_is_a_folder_hinders_no_start(tmp_path: Path) -> None:
    (tmp_path / "open-folder.html").mkdir()
    killed = _launch(_unused_port(), tmp_path)
    remove_stale_files(tmp_path, own_port=1)
    remove_stale_files(tmp_path / "none", own_port=1)
    assert not killed.exists()


def test_each_start_removes_the_files_of_killed_servers(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailer.local.serving.run_until_stopped", lambda *_: None)
    listener = listen(0)
    killed = [_launch(port, services.settings.paths.var) for port in (_unused_port(), listener.getsockname()[1])]

    async def no_pages(*_: object) -> None: ...

    with listener:
        serve_to_starter(no_pages, listener, services=services, shown=str, in_use="", say=lambda _: None)
    assert [each for each in killed if each.exists()] == []


@pytest.mark.parametrize(("browser", "printed"), [("w3m", ["False"]), ("firefox", ["opened", "True"])])
def test_a_browser_in_the_terminal_which_would_hold_it_is_not_opened(
    browser: str, printed: list[str], tmp_path: Path
) -> None:
    program = tmp_path / browser
    program.write_text("#!/bin/sh\necho opened\n", encoding="utf-8")
    program.chmod(0o700)
    script = (
        "from mailer.local.access import Access; from mailer.local.serving import Launches; from pathlib import Path; "
        "print(Launches(Access(), port=1, say=print).open_browser(Path('.')))"
    )
    environ = os.environ | {"BROWSER": f"{program} %s"}
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
    )
    assert ended.stdout.split() == printed
