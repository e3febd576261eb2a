"""What people see at a real terminal: nothing is left of a line that changes, no address is cut, one clock."""

import os
import re
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mailer.cli.output import show_commands, show_table

if sys.platform == "win32":
    pytest.skip("there are no pseudo-terminals", allow_module_level=True)

import fcntl
import pty
import termios

Run = Callable[..., Any]
LONG = "en.person.med.et.veldig.langt.navn.og@langtdomenenavn.kommune.example"
PEOPLE = f"""\
epost;navn;liste;organisasjon;grunnlag
{LONG};Marie-Louise Kristoffersen-Haugland;lofoten-vesteralen-og-salten;Molde interkommunale helsetjeneste;e: sak 1
{LONG};Marie-Louise Kristoffersen-Haugland;more-og-romsdal;Molde interkommunale helsetjeneste;e: sak 1
"""
RUN = "import sys; sys.argv[0] = 'mailer'; from mailer.cli import main"


@dataclass(frozen=True)
class Seen:
    """What a terminal was sent, and the lines that stand on it in the end."""

    sent: str
    lines: list[str]

    @property
    def text(self) -> str:
        return "\n".join(self.lines).replace("\N{NO-BREAK SPACE}", " ")


@pytest.fixture
def terminal(workspace: Path) -> Callable[..., Seen]:
    """Run a command of the workspace in a pseudo-terminal of a width; `before` is Python that is run first."""

    def run(*arguments: object, columns: int = 80, before: str = "", **environ: str) -> Seen:
        program = f"{RUN}\n{before}\nmain()"
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        kept = {key: value for key, value in os.environ.items() if key not in {"COLUMNS", "LINES", "NO_COLOR"}}
        process = subprocess.Popen(
            [sys.executable, "-c", program, *map(str, arguments)],
            cwd=workspace,
            env=kept | {"TERM": "xterm-256color", "PYTHONUTF8": "1"} | environ,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        sent = _read_all(ours)
        process.wait(timeout=60)
        return Seen(sent, _screen(sent, columns=columns))

    return run


def _read_all(descriptor: int) -> str:
    parts = []
    try:
        while part := os.read(descriptor, 65536):
            parts.append(part)
    except OSError:  # Linux says so at the end
        pass
    finally:
        os.close(descriptor)
    return b"".join(parts).decode()


def _screen(sent: str, *, columns: int) -> list[str]:
    """What stands on a terminal that was sent this: as much of one as these commands need."""
    lines, row, column = [""], 0, 0
    for part in re.findall(r"\x1b\[[?\d;]*[A-Za-z]|\r|\n|[^\x1b\r\n]", sent):
        if part == "\r":
            column = 0
        elif part == "\n" or (len(part) == 1 and column == columns):
            row, column = row + 1, 0 if part != "\n" else column
            lines += [""] * (row + 1 - len(lines))
        if part[-1] == "A" and len(part) > 1:
            row = max(0, row - int(part[2:-1] or 1))
        elif part == "\x1b[2K":
            lines[row] = ""
        elif len(part) == 1 and part not in "\r\n":
            lines[row] = f"{lines[row]:<{column}}"[:column] + part + lines[row][column + 1 :]
            column += 1
        else:
            assert part in "\r\n" or part[-1] in "mhlA", f"{part!r} is not known here"
    return [each.rstrip() for each in lines]


# --- Lines that change -------------------------------------------------------------------------------


def test_a_short_import_shows_nothing_but_its_result(terminal: Callable[..., Seen], workspace: Path) -> None:
    (workspace / "people.csv").write_text(PEOPLE, encoding="utf-8")
    seen = terminal("subscribers", "import", "people.csv")
    assert seen.sent.startswith("Lines, one for each person and list:\r\n")
    assert "Imported 2 lines." in seen.lines


@pytest.mark.slow
def test_an_import_keeps_one_line_up_to_date_and_leaves_nothing_of_it(
    terminal: Callable[..., Seen], workspace: Path
) -> None:
    (workspace / "people.csv").write_text(PEOPLE, encoding="utf-8")
    at_once = "import mailer.cli.import_progress as shown; shown.SECONDS_BETWEEN_PICTURES = 0"
    for columns in (80, 30):
        seen = terminal("subscribers", "import", "people.csv", before=at_once, columns=columns)
        assert " read" in seen.sent
        assert seen.sent.count("\x1b[2K") > 1, "each line takes the place of the one before"
        assert seen.lines[0].startswith("Lines, one for each person and"[:columns])
        assert " read" not in seen.text


@pytest.mark.slow
def test_sending_leaves_nothing_of_its_picture(terminal: Callable[..., Seen], tested: Any) -> None:
    seen = terminal("send", "2024-01", "--confirm", "4", MAILER_SMTP__PORT=str(tested.address[1]))
    assert "\x1b[2K" in seen.sent
    assert "━" not in seen.text
    assert re.search(r"^4 of 4: 4 accepted; took ", seen.text, re.MULTILINE)


# --- Addresses and words are not cut -----------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [["find", "en.person"], ["show", LONG], ["import", "people.csv", "--dry-run"], ["import", "--undo", "2"]],
    ids=" ".join,
)
@pytest.mark.slow
@pytest.mark.parametrize("columns", [80, 120])
def test_an_address_is_never_cut(
    command: list[str], columns: int, terminal: Callable[..., Seen], mailer: Run, workspace: Path
) -> None:
    people = workspace / "people.csv"
    people.write_text(PEOPLE, encoding="utf-8")
    assert mailer("subscribers", "import", "people.csv").code == 0
    if "--undo" in command:
        assert mailer("subscribers", "remove", LONG).code == 0
    people.write_text(PEOPLE.replace("Molde", "Hustadvika").replace("Haugland", "Åsnes"), encoding="utf-8")
    seen = terminal("subscribers", *command, columns=columns)
    assert LONG in seen.sent
    narrow_label = columns == 80 and command[0] == "show"  # the label before it leaves a line too little room
    assert LONG in seen.text.replace("\n", "" if narrow_label else "\n")
    for word in re.findall(r"[\w-]{4,}", PEOPLE.partition("\n")[2]):
        assert word not in seen.sent or narrow_label or word in seen.text, f"{word} is cut"


def test_a_narrow_terminal_shows_each_line_of_an_import_in_a_few(
    terminal: Callable[..., Seen], mailer: Run, workspace: Path
) -> None:
    people = workspace / "people.csv"
    people.write_text(PEOPLE, encoding="utf-8")
    assert mailer("subscribers", "import", "people.csv").code == 0
    people.write_text(
        PEOPLE.replace("Molde", "Hustadvika").replace("Haugland", "Åsnes") + "ola@bergen.example;Ola;bergn;B;e: sak 1\n"
        "nobody.example;Ola;bergen;B;e: sak 1\n",
        encoding="utf-8",
    )
    lines = terminal("subscribers", "import", "people.csv", "--dry-run").lines
    at = [" ".join(each.split()) for each in lines].index("people.csv:4 invalid ola@bergen.example")
    assert lines[at + 1] == "    there is no list 'bergn'. Did you mean bergen?"
    changes = [each.strip() for each in lines if "→" in each]
    assert changes[0] == "name: Marie-Louise Kristoffersen-Haugland → Marie-Louise Kristoffersen-Åsnes"
    assert changes[1].startswith("organisation: Molde interkommunale helsetjeneste → ")
    assert len(lines) < 30
    piped = mailer("subscribers", "import", "people.csv", "--dry-run").out.splitlines()
    (row,) = [each for each in piped if LONG in each and "more-og-romsdal" not in each]
    assert "Kristoffersen-Åsnes, organisation: Molde" in row, "a tool reads one line for each row"


@pytest.mark.slow
def test_a_dry_run_that_would_be_stopped_is_not_told_in_green(terminal: Callable[..., Seen], workspace: Path) -> None:
    (workspace / "people.csv").write_text("epost;liste;grunnlag\nx;agder;e: sak 1\n", encoding="utf-8")
    seen = terminal("subscribers", "import", "people.csv", "--dry-run", columns=120)
    assert "\x1b[33mNothing was changed: this was a dry run, and an import would stop: 1 line is refused." in seen.sent
    assert "\x1b[32m" not in seen.sent


LONG_WORDS = """
from mailer.cli.output import *
show_pairs({"Kept": "were sent mail because of it: stay on the list, with the basis that says why", "No": ""})
note("Sending. " * 12)
show_error(MailerError("the server " * 10, where="config.toml:3", hint="Ask " * 30))
"""


@pytest.mark.slow
def test_what_goes_on_in_a_second_line_stands_below_its_beginning(terminal: Callable[..., Seen]) -> None:
    seen = terminal("subscribers", "find", "nobody", before=LONG_WORDS)
    assert seen.lines[:3] == [
        "Kept  were sent mail because of it: stay on the list, with the basis that says",
        "      why",
        "No",
    ]
    begins = next(at for at, line in enumerate(seen.lines) if line.startswith("error config.toml:3: the server"))
    assert seen.lines[begins + 1].startswith("      server")
    assert {*re.findall(r"[Ss]\w+|A\w+", " ".join(seen.lines[3 : begins + 3]))} == {"Sending", "server", "Ask"}
    assert max(map(len, seen.lines)) <= 80


def be_a_terminal_of_60_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within a test, not before it: pytest puts another stream in place when the test begins."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    for name, value in {"COLUMNS": "60", "NO_COLOR": "1", "TERM": "xterm"}.items():
        monkeypatch.setenv(name, value)


def test_commands_and_what_they_are_for_stand_in_columns_where_these_fit(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    be_a_terminal_of_60_columns(monkeypatch)
    show_commands([("mailer send x", "go on"), ("mailer cancel x", "or not")])
    show_commands([("mailer subscribers import a-file-of-a-long-name.csv --undo", "so that it can be copied")])
    assert capsys.readouterr().out.splitlines() == [
        "  mailer send x     go on",
        "  mailer cancel x   or not",
        "  mailer subscribers import a-file-of-a-long-name.csv --undo",
        "      so that it can be copied",
    ]


def test_a_table_that_is_too_wide_becomes_lines_with_the_words_below(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    be_a_terminal_of_60_columns(monkeypatch)
    said = "451 4.3.0 deferred, as this server was told to do"
    rows = [("aslaug@gamle-oslo.kommune.example", "deferred", said, 1), ("b@x.example", "in doubt", "", 12)]
    show_table(["Address", "State", "The server said", "Tries"], rows, right=[3], folding=[2])
    assert capsys.readouterr().out.splitlines() == [
        "Address                            State     Tries",
        "──────────────────────────────────────────────────",
        "aslaug@gamle-oslo.kommune.example  deferred  1",
        f"    {said}",
        "b@x.example                        in doubt  12",
    ]


def test_a_line_that_is_too_long_is_broken_between_its_cells(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    be_a_terminal_of_60_columns(monkeypatch)
    rows = [("people.csv:2", "kept out", "aslaug@oslo.kommune.example", "all lists here", "because the file says so")]
    show_table(["Where", "What", "Address", "List", "Why"], rows, folding=[4])
    assert capsys.readouterr().out.splitlines() == [
        "people.csv:2  kept out  aslaug@oslo.kommune.example",
        "    all lists here",
        "    because the file says so",
    ]


# --- One clock ---------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.usefixtures("catcher")
def test_people_read_their_own_clock_with_its_zone_and_tools_read_utc(
    terminal: Callable[..., Seen], mailer: Run, planned: int
) -> None:
    assert planned
    zone = {"TZ": "Asia/Tokyo"}  # without summer time: the test is right in July too
    at = mailer("subscribers", "history", "kari@agder.example", "--json").json["history"][0]["at"]
    assert at.endswith("+00:00")
    for command in (["show", "kari@agder.example"], ["history", "kari@agder.example"]):
        seen = terminal("subscribers", *command, columns=120, **zone)
        moments = re.findall(r"\d\d\.\d\d\.\d{4} (\d\d):(\d\d) (\w+)", seen.text)
        assert moments
        assert {each[2] for each in moments} == {"JST"}
        assert (int(at[11:13]) + 9) % 24 == int(moments[0][0])
        assert "UTC" not in seen.text
    assert re.search(r"ends about \d\d:\d\d JST", terminal("send", "2024-01", "--dry-run", columns=120, **zone).text)
