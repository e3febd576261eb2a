"""One table says which languages there are: what a language more takes, in a copy of the program."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Protocol

import pytest
from babel import Locale

from mailer.languages import LANGS, LANGUAGES, fallbacks, find_lang, in_language


class Program(Protocol):
    """What `copied_program` gives."""

    folder: Path

    def run(self, *arguments: str) -> CompletedProcess[str]: ...
    def check_types(self) -> CompletedProcess[str]: ...


CODES = 'Literal["nb", "nn", "se", "en"]'
TABLE = "LANGUAGES: Mapping[Lang, Language] = {"
FINNISH = '"fi": Language(own_name="Suomi", name=partial(msg, "findings.lang-fi"), falls_back_to="nb", '
FRAME = """\
title = "Uutiskirje"
date = "2024-01"
lang = "fi"
intro = "Katso [sivut](https://ks.example/fi){lang=fi}."

[[important_dates]]
date = "2024-02-03"
text = "Kokous"

[[important_dates]]
date = "2024-autumn"
text = "Julkaisu"

[[sections]]
id = "ks"
title = "KS"
"""
ITEM = """\
+++
title = "Kokous"
section = "ks"
contacts = ["kari@ks.example"]
helsefellesskap = ["oslo"]
dates = [{ date = "2024-03", kind = "application_deadline" }]
+++
Kokous on Oslossa. Lue [lisää](https://ks.example/oslo).
"""
PEOPLE = "epost;liste;språk;grunnlag\nb@ks.example;oslo;fi;a: pyysi\nc@ks.example;oslo;suomi;a: pyysi\n"
COMMANDS = [
    ["new", "2024-05", "--from", "2024-01"],
    ["check", "2024-01"],
    ["compose", "2024-01", "--lang", "fi"],
    ["preview", "2024-01", "-o", "preview"],
    ["subscribers", "add", "a@ks.example", "--list", "oslo", "--lang", "fi", "--basis", "a: pyysi"],
    ["subscribers", "import", "people.csv"],
    ["subscribers", "export", "out.csv"],
    ["subscribers", "show", "a@ks.example"],
    ["test-send", "2024-01", "--to", "redaksjon@nyhetsbrev.example", "--as", "a@ks.example"],
]
RUN = """
import asyncio, json, sys
from pathlib import Path
import httpx
from mailer.bootstrap import build_services
from mailer.cli import main
from mailer.subscribers.tokens import make_token
from mailer.transport.catcher import CatchingServer
from mailer.web.server import build_application
import os

def run(command):
    sys.argv = ["mailer", *command]
    try:
        main()
    except SystemExit as ended:
        assert not ended.code, (command, ended.code)

async def get(services, path):
    transport = httpx.ASGITransport(build_application(services))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", follow_redirects=True) as client:
        return await client.get(path)

with CatchingServer(Path("caught"), port=0) as server:
    os.environ["MAILER_SMTP__PORT"] = str(server.address[1])
    for command in json.loads(sys.argv[1]):
        run(command)
services = build_services(Path("config.toml"), announce=lambda _: None)
person = services.subscribers.show("a@ks.example")
token = make_token(services.keys, purpose="leave", subscriber_id=person.id)
page = asyncio.run(get(services, f"/leave/{token}"))
services.close()
Path("leave.html").write_text(page.text, "utf-8")
assert page.status_code == 200, page.status_code
"""


@pytest.fixture
def add_finnish(copied_program: Program) -> Callable[[str], Program]:
    """A way to give the table of a copy one language more."""

    def add(facts: str) -> Program:
        table = copied_program.folder / "mailer" / "languages.py"
        source = table.read_text("utf-8")
        assert CODES in source
        assert TABLE in source
        source = source.replace(CODES, CODES.replace("]", ', "fi"]'))
        table.write_text(source.replace(TABLE, f"{TABLE}{FINNISH}{facts}),"), "utf-8")
        return copied_program

    return add


def run(program: Program, commands: list[list[str]]) -> Path:
    """Run commands and look at the leave page, all in one process; returns the folder in which they did their work."""
    write_issue(program.folder)
    ended = program.run("-c", RUN, json.dumps(commands))
    assert ended.returncode == 0, ended.stderr
    assert "Traceback" not in ended.stderr
    return program.folder


def write_issue(folder: Path) -> None:
    items = folder / "issues" / "2024-01" / "items"
    items.mkdir(parents=True)
    (items.parent / "issue.toml").write_text(FRAME, "utf-8")
    (items / "010-kokous.md").write_text(ITEM, "utf-8")
    (folder / "people.csv").write_text(PEOPLE, "utf-8")


@pytest.mark.slow
def test_a_language_more_in_the_table_is_enough_for_every_command(add_finnish: Callable[[str], Program]) -> None:
    program = add_finnish('words_in_files=("suomi",), has_pages=True')
    folder = run(program, COMMANDS)
    web = (folder / "build" / "2024-01" / "web.html").read_text("utf-8")
    assert '<html lang="fi">' in web
    assert "Suomi" in web, "there is no label for it yet"
    text = (folder / "build" / "2024-01" / "issue.txt").read_text("utf-8")
    assert "03.02.2024" in text, "days in digits need no words"
    assert "09–11.2024" in text
    assert "viktige datoer" in text.lower(), "labels of its fallback"
    assert [line.count(";fi;") for line in (folder / "out.csv").read_text("utf-8-sig").splitlines()] == [0, 1, 1, 1]
    assert '<html lang="fi">' in (folder / "leave.html").read_text("utf-8")
    assert [each for each in (folder / "caught").rglob("*") if each.is_file()]


@pytest.mark.slow
def test_a_language_without_pages_leads_to_those_of_its_fallback(add_finnish: Callable[[str], Program]) -> None:
    adding = [each for each in COMMANDS if "add" in each]
    folder = run(add_finnish("has_pages=False"), adding)
    assert '<html lang="nb">' in (folder / "leave.html").read_text("utf-8")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_language_more_in_the_table_breaks_no_type(add_finnish: Callable[[str], Program]) -> None:
    ended = add_finnish("").check_types()
    assert ended.returncode == 0, ended.stdout


def test_a_code_without_an_entry_in_the_table_stops_the_program_at_once(
    add_finnish: Callable[[str], Program],
) -> None:
    program = add_finnish("")
    table = program.folder / "mailer" / "languages.py"
    table.write_text(table.read_text("utf-8").replace(', "fi"]', ', "fi", "sv"]'), "utf-8")
    assert "sv" in program.run("-c", "import mailer.languages").stderr


@pytest.mark.parametrize("lang", LANGS)
def test_every_language_is_known_to_the_formatter_of_dates_and_leads_to_the_words_of_the_program(lang: str) -> None:
    found = find_lang(lang)
    assert found is not None
    assert Locale.parse(lang).language in {lang, "no"}
    assert LANGUAGES[fallbacks(found)[-1]].falls_back_to is None


def test_what_is_missing_in_a_language_is_said_in_the_next() -> None:
    assert fallbacks("se") == ("se", "nb", "en")
    assert in_language({"nb": "hei", "en": "hello"}, "se") == "hei"
    assert in_language({"nb": "hei", "en": "hello"}, "en") == "hello"
    with pytest.raises(KeyError):
        in_language({"nb": "hei"}, "en")


def test_what_people_write_for_a_language_means_one_language() -> None:
    words = [word for code, each in LANGUAGES.items() for word in (code, *each.words_in_files, *each.tags_of_browsers)]
    assert len(words) == len(set(words))
    assert all(word == word.casefold() for word in words)
