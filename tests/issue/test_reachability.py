import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest

from mailer.issue.links.inside import is_public
from mailer.issue.model import Severity
from mailer.issue.reachability import LinkAnswer, LinkOptions, ask, ask_all, link_findings, resolve
from mailer.issue.source import IssueReading

ReadFiles = Callable[..., IssueReading]
SEEN: Counter[str] = Counter()


class Site(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def answer(self) -> None:
        SEEN[f"{self.command} {self.path} {self.headers['Host']}"] += 1
        path = self.path.partition("?")[0]
        status = {"/gone": 410, "/missing": 404, "/shy": 403}.get(path, 200)
        if path == "/no-head" and self.command == "HEAD":
            status = 405
        if path.startswith(("/moved", "/loop", "/private", "/file")):
            status = 302
        self.send_response(status)
        port = self.headers["Host"].rpartition(":")[2]
        targets = {
            "/moved": "/there",
            "/loop": "/loop",
            "/private": f"http://inside.example:{port}/secret",
            "/file": "file:///etc/passwd",
        }
        if path in targets:
            self.send_header("Location", targets[path])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the name that is overridden
        pass


@pytest.fixture
def site() -> Iterator[str]:
    SEEN.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://site.example:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def to_this_machine(host: str, _port: int) -> list[str]:
    """Give `site.example` an address that counts as public in these tests, and any other host a private one."""
    return ["127.0.0.1"] if host in {"site.example", "localhost"} else ["10.0.0.8"]


OPTIONS = LinkOptions(timeout=5, resolve=to_this_machine, is_allowed=lambda address: address == "127.0.0.1")


@pytest.mark.parametrize("path", ["/", "/there?a=b", "/moved", "/no-head"])
def test_a_page_that_is_there_has_no_problem(path: str, site: str) -> None:
    assert ask(site + path, options=OPTIONS) == LinkAnswer()


@pytest.mark.parametrize(
    ("path", "problem", "is_dead"),
    [
        ("/gone", "status 410", True),
        ("/missing", "status 404", True),
        ("/shy", "status 403", False),
        ("/loop", "more than 5 times", False),
        ("/private", "private network", False),
        ("/file", "no web page", False),
    ],
)
def test_what_is_wrong_with_a_link_is_said(path: str, problem: str, *, is_dead: bool, site: str) -> None:
    answer = ask(site + path, options=OPTIONS)
    assert problem in answer.problem
    assert answer.is_dead is is_dead


def test_a_redirect_to_a_private_address_is_not_followed(site: str) -> None:
    ask(f"{site}/private", options=OPTIONS)
    assert not any("/secret" in request for request in SEEN)


def test_the_connection_goes_to_the_address_that_was_checked(site: str) -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.8"]])
    rebinding = LinkOptions(timeout=5, resolve=lambda *_: next(answers), is_allowed=OPTIONS.is_allowed)
    assert ask(f"{site}/there", options=rebinding) == LinkAnswer()
    assert list(answers) == [["10.0.0.8"]], "the name was resolved once, for the check and for the connection"


def test_one_private_address_among_public_ones_is_enough_to_refuse(site: str) -> None:
    both = LinkOptions(resolve=lambda *_: ["127.0.0.1", "10.0.0.8"], is_allowed=OPTIONS.is_allowed)
    assert "private network" in ask(site, options=both).problem
    assert not SEEN


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "fe80::1%1",
        "fd00::1",
        "::ffff:127.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "fec0::1",
        "::7f00:1",
        "2001:0:7f00:1::",
    ],
)
def test_what_is_not_on_the_internet_is_private(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"]
)
def test_what_is_on_the_internet_is_public(address: str) -> None:
    assert is_public(address)


def test_by_itself_nothing_on_this_machine_is_asked_for(site: str) -> None:
    port = site.rpartition(":")[2]
    assert "private network" in ask(f"http://127.0.0.1:{port}/", options=LinkOptions()).problem
    assert resolve("127.0.0.1", 80) == ["127.0.0.1"]
    assert not SEEN


def test_a_site_that_does_not_answer_is_dead_and_one_without_a_name_too() -> None:
    assert ask("http://localhost:1/", options=OPTIONS).is_dead
    nameless = ask("http://\u200b.example/", options=LinkOptions(resolve=resolve, is_allowed=lambda _: True))
    assert nameless.is_dead


def test_a_certificate_that_does_not_hold_is_a_remark(repository: Path) -> None:
    pem = repository / "tests" / "transport" / "certificates" / "localhost.pem"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        answer = ask(f"https://localhost:{server.server_address[1]}/", options=OPTIONS)
    finally:
        server.shutdown()
        server.server_close()
    assert answer == LinkAnswer(problem="the site's certificate does not hold")


def test_each_address_is_asked_for_once(site: str) -> None:
    answers = ask_all([f"{site}/there", f"{site}/there", f"{site}/missing"], options=OPTIONS)
    assert len(answers) == 2
    assert sum(number for request, number in SEEN.items() if "/there" in request) == 1


def test_findings_say_where_a_dead_link_stands(site: str, read_files: ReadFiles) -> None:
    item = f"+++\n+++\nEn [ny]({site}/there), en [gammel]({site}/missing) og en [sky]({site}/shy), <a@b.example>.\n"
    reading = read_files({"items/010-mote.md": item})
    assert reading.issue is not None
    dead, shy = link_findings(reading.issue, sources=reading.sources, options=OPTIONS)
    assert (dead.rule, dead.severity, dead.line) == ("dead-link", Severity.WARNING, 3)
    assert item.split("\n")[2][dead.column - 1 :].startswith(f"{site}/missing")
    assert (shy.rule, shy.severity, shy.words) == ("dead-link", Severity.NOTE, f"{site}/shy")


def test_a_dead_link_stands_where_it_is_written_also_when_something_was_taken_off_it(
    site: str, read_files: ReadFiles
) -> None:
    wrapped = f"https://www.google.com/url?q={quote(site + '/missing', safe='')}"
    reading = read_files({"items/010-mote.md": f"+++\n+++\nSe [x]({wrapped}) og [y]({wrapped}).\n"})
    assert reading.issue is not None
    found = link_findings(reading.issue, sources=reading.sources, options=OPTIONS)
    assert [(each.line, each.column, each.words) for each in found] == [
        (3, 8, wrapped),
        (3, 17 + len(wrapped), wrapped),
    ]
