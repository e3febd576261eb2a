"""Pages in a thread of their own: a signal ends them whichever thread gets it, and a page that hangs keeps nothing."""

import signal
import socket
import subprocess
import sys
import time

import pytest
from starlette.applications import Starlette

from mailer.page_thread import ServingThread
from mailer.web.connections import BoundedServer
from mailer.web.server import _listen

A_SIGNAL_FOR_ANOTHER_THREAD = """
import signal, threading, time
from mailer.page_thread import serve_until_signal
from mailer.web.connections import BoundedServer
from mailer.web.server import _listen

def get_the_signal():
    time.sleep(0.3)
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
    time.sleep(60)

threading.Thread(target=get_the_signal, daemon=True).start()
serve_until_signal(BoundedServer(lambda *_: None), _listen("127.0.0.1", 0))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals of threads")
def test_a_signal_ends_the_pages_although_it_does_not_wake_the_thread_that_serves() -> None:
    subprocess.run([sys.executable, "-c", A_SIGNAL_FOR_ANOTHER_THREAD], timeout=60, check=True)


A_PAGE_THAT_HANGS = """
import time
from starlette.applications import Starlette
from starlette.routing import Route
from mailer.local.serving import run_until_stopped
from mailer.page_thread import serve_until_signal
from mailer.stopping import end_as_by_ctrl_c
from mailer.web.connections import BoundedServer
from mailer.web.server import _listen

def hang(_request):
    print("hangs", flush=True)
    time.sleep(60)

end_as_by_ctrl_c()
listener = _listen("127.0.0.1", 0)
print(listener.getsockname()[1], flush=True)
pages = Starlette(routes=[Route("/", hang)])
"""
PUBLIC, LOCAL = "serve_until_signal(BoundedServer(pages), listener)", "run_until_stopped(pages, listener)"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM")
@pytest.mark.parametrize("serve", [PUBLIC, LOCAL], ids=["public", "local"])
def test_two_signals_end_the_process_although_the_thread_of_a_page_hangs(serve: str) -> None:
    command = [sys.executable, "-c", A_PAGE_THAT_HANGS + serve]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        with socket.create_connection(("127.0.0.1", int(process.stdout.readline()))) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            assert process.stdout.readline() == "hangs\n"
            process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            assert process.poll() is None, "the first one waits for the answer"
            process.send_signal(signal.SIGTERM)
            said = process.communicate(timeout=8)[1]
    assert (process.returncode, "Traceback" in said, "destroyed" in said) == (0, False, False), said


def test_what_goes_wrong_in_the_thread_that_serves_is_raised_where_it_was_started() -> None:
    listener = _listen("127.0.0.1", 0)
    listener.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        ServingThread(BoundedServer(Starlette())).run(listener)


def test_pages_that_were_stopped_before_they_began_end_at_once() -> None:
    serving = ServingThread(BoundedServer(Starlette()))
    serving.handle_exit(signal.SIGTERM, None)
    serving.run(_listen("127.0.0.1", 0))
    serving.handle_exit(signal.SIGTERM, None)  # nothing is left to be stopped
