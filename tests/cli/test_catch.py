import os
import re
import signal
import smtplib
import stat
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.parse import urljoin


def test_the_catching_server_says_where_it_is_keeps_mail_and_ends_on_ctrl_c(workspace: Path) -> None:
    command = [sys.executable, "-u", "-m", "mailer", "catch", "--port", "0"]
    with subprocess.Popen(command, cwd=workspace, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        (port,) = re.findall(r"127\.0\.0\.1:(\d+)", process.stdout.readline())
        assert f"[smtp] in config.toml: port = {port}" in process.stdout.readline()
        (launch,) = re.findall(r"http://127\.0\.0\.1:\d+/open/\S+", process.stdout.readline())
        with smtplib.SMTP("127.0.0.1", int(port)) as smtp:
            smtp.sendmail("a@nyhetsbrev.example", ["b@mottaker.example"], "Subject: Hei\r\n\r\nHei\r\n")
        assert process.stdout.readline().startswith("b@mottaker.example")
        with urllib.request.urlopen(launch) as answer:
            page = urljoin(launch, *re.findall(r'<a href="([^"]+)"', answer.read().decode()))
        assert process.stdout.readline().startswith("Opened in a browser at ")
        with urllib.request.urlopen(page) as answer:
            assert "1 mail" in answer.read().decode()
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
    assert (process.returncode, rest) == (0, "Stopped.\n")
    (file,) = (workspace / "var" / "inbox" / "new").iterdir()
    assert b"Subject: Hei" in file.read_bytes()
    modes = {stat.S_IMODE(each.stat().st_mode) for each in (file, file.parent, file.parent.parent)}
    assert modes == {0o600, 0o700}, "what was caught is read by its user alone"


def test_a_command_typed_where_mail_is_caught_is_answered(workspace: Path) -> None:
    keyboard, terminal = os.openpty()
    command = [sys.executable, "-u", "-m", "mailer", "catch", "--port", "0"]
    with subprocess.Popen(command, cwd=workspace, stdin=terminal, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while "Press Enter for another" not in process.stdout.readline():
            pass
        os.write(keyboard, b"mailer send 2024-02\n")
        assert process.stdout.readline().startswith("This window runs the mail server. Open another terminal")
        process.send_signal(signal.SIGINT)
        process.stdout.read()
    os.close(keyboard)
    os.close(terminal)


def test_the_catching_server_plays_the_faults_that_the_options_name(workspace: Path) -> None:
    command = [sys.executable, "-u", "-m", "mailer", "catch", "--port", "0", "--reject", "nei@*", "--slow", "0.01"]
    with subprocess.Popen(command, cwd=workspace, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        (port,) = re.findall(r"127\.0\.0\.1:(\d+)", process.stdout.readline())
        assert process.stdout.readline() == "On purpose it refuses nei@*.\n"
        assert process.stdout.readline() == "On purpose it waits 0.01 s before each answer.\n"
        with smtplib.SMTP("127.0.0.1", int(port)) as smtp:
            refused = smtp.sendmail("a@nyhetsbrev.example", ["nei@mottaker.example", "ja@mottaker.example"], "Hei\r\n")
        process.send_signal(signal.SIGINT)
        process.stdout.read()
    assert {address: code for address, (code, _) in refused.items()} == {"nei@mottaker.example": 550}
    assert len(list((workspace / "var" / "inbox" / "new").iterdir())) == 1
