"""The example for nginx, in a real nginx before real pages: it is taken as it stands, and bounds what it says."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

EXAMPLE = Path(__file__).parents[2] / "deploy/nginx.conf"
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path(NGINX).exists(), reason="nginx is not installed"),
]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def proxied(served: str, tmp_path: Path) -> Iterator[str]:
    """The address of an nginx with the example, but for ports, the certificate and where it writes."""
    port = _free_port()
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subject = ["-subj", "/CN=nyhetsbrev.example", "-days", "1"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject, "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    example = EXAMPLE.read_text("utf-8")
    changes = {
        r"listen 80;": f"listen 127.0.0.1:{_free_port()};",
        r"listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        r"/etc/ssl/nyhetsbrev.example.pem": str(certificate),
        r"/etc/ssl/nyhetsbrev.example.key": str(key),
        r"/var/log/nginx/mailer-error.log": str(tmp_path / "error.log"),
        r"http://127.0.0.1:8080": served,
    }
    for before, after in changes.items():
        assert example.count(before) == 1, before
        example = example.replace(before, after)
    paths = "\n".join(
        f"{kind}_temp_path {tmp_path / kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = tmp_path / "nginx.conf"
    config.write_text(
        f"{'user root;' if os.geteuid() == 0 else ''}\n"  # whose files lie where nobody else may look
        f"daemon off; pid {tmp_path / 'pid'}; error_log {tmp_path / 'main.log'};\n"
        f"events {{ worker_connections 1024; }}\nhttp {{\n{paths}\n{example}\n}}\n",
        "utf-8",
    )
    with subprocess.Popen([NGINX, "-c", str(config), "-e", str(tmp_path / "start.log")]) as process:
        _wait_for(port)
        yield f"https://127.0.0.1:{port}"
        process.terminate()


def _wait_for(port: int) -> None:
    latest = time.monotonic() + 10
    while time.monotonic() < latest:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return


@pytest.fixture
def asking(proxied: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=proxied, headers={"Host": "nyhetsbrev.example"}, verify=False) as client:
        yield client


def test_a_reader_leaves_through_nginx(asking: httpx.Client, people: Any) -> None:
    token = people.token("kari@molde.example")
    assert "Meld meg av</button>" in asking.get(f"/leave/{token}").text
    assert asking.post(f"/one-click/{token}", data={"List-Unsubscribe": "One-Click"}).text == "Unsubscribed.\n"
    assert people.lists("kari@molde.example") == {"more-og-romsdal": "unsubscribed"}


def test_nginx_bounds_forms_heads_and_requests_of_one_address(asking: httpx.Client, tmp_path: Path) -> None:
    assert asking.post("/leave/x", content=b"x" * 17_000).status_code == 413
    assert asking.post("/leave/x", content=b"x" * 12_000).status_code == 404
    assert asking.get("/", headers={"X": "x" * 20_000}).status_code == 400
    statuses = [asking.get("/site.css").status_code for _ in range(80)]
    assert set(statuses) == {200, 429}
    assert statuses[0] == 200
    assert statuses.count(200) >= 30
    assert re.search(r"GET /", (tmp_path / "error.log").read_text()) is None


def test_what_smuggles_gets_no_second_answer(proxied: str) -> None:
    host, port = proxied.removeprefix("https://").split(":")
    hidden = "POST / HTTP/1.1\r\nHost: nyhetsbrev.example\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection((host, int(port)), timeout=5) as plain, context.wrap_socket(plain) as connection:
        connection.sendall(f"{hidden}0\r\n\r\nGET /site.css HTTP/1.1\r\nHost: nyhetsbrev.example\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1
