"""The edition hash: what changes that of a short issue, and what must not change it, nor that of real newsletters."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import fields, replace
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mailer.bootstrap import Services, build_services
from mailer.compose.calendar.icalendar import unstamped
from mailer.compose.calendar.published_events import Revision
from mailer.languages import LANGS
from mailer.message.compiled import Sender
from mailer.rendering.pages import Pages
from mailer.rendering.templates import shipped_templates
from mailer.usecases.creation import init_workspace
from mailer.usecases.desk import issue_calendar
from mailer.usecases.editions import make_edition
from mailer.usecases.reading import require_issue

ISSUES = ("2022-02", "2023-12")
SLUG = "2022-04"
FRAME = """\
title = "Nyhetsbrev for helsefellesskap"
date = "2022-04"
lang = "nb"

[[important_dates]]
date = 2022-05-24
kind = "meeting"
text = "Partnerskapsmøte i Finnmark"
helsefellesskap = ["finnmark"]
"""
ITEM = """\
+++
title = "Kart"
dates = [{ kind = "conference", date = 2022-05-17, title = "Konferanse", place = "Oslo" }]
contacts = ["kari@agder.example"]
+++

![Kart over Agder](images/kart.png)

""" + "\n\n".join("Kommunene arbeider sammen om dette, og her står det hvordan de gjør det. " * 4 for _ in range(3))
Change = Callable[[Path], object]


def hash_of(folder: Path, slug: str = SLUG) -> str:
    with closing(_open(folder)) as services:
        return make_edition(services, require_issue(services, slug)).edition_hash


def _open(folder: Path) -> Services:
    return build_services(folder / "config.toml", environ={"USER": "kari"}, announce=lambda _: None)


def write_picture(folder: Path, shade: int) -> None:
    """A picture that has the same name and the same size, whatever its shade."""
    stream = BytesIO()
    Image.new("L", (8, 8), shade).save(stream, "BMP")
    Image.open(stream).save(folder / "issues" / SLUG / "images" / "kart.png")


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    """A workspace with both newsletters and a short issue with a picture; its templates come with mailer."""
    folder = tmp_path_factory.mktemp("furnished") / "workspace"
    init_workspace(folder)
    shutil.rmtree(folder / "templates")
    for slug in ISSUES:
        shutil.copytree(repository / "issues" / slug, folder / "issues" / slug)
    short = folder / "issues" / SLUG
    for each in ("items", "images"):
        (short / each).mkdir(parents=True)
    (short / "issue.toml").write_text(FRAME, encoding="utf-8")
    (short / "items" / "010-kart.md").write_text(ITEM, encoding="utf-8")
    write_picture(folder, 100)
    return folder


@pytest.fixture(scope="module")
def before(furnished: Path) -> str:
    return hash_of(furnished)


@pytest.fixture
def workspace(furnished: Path, tmp_path: Path) -> Path:
    return shutil.copytree(furnished, tmp_path / "workspace")


@pytest.fixture
def services(workspace: Path) -> Iterator[Services]:
    with closing(_open(workspace)) as opened:
        yield opened


# --- What changes it --------------------------------------------------------------------------------


def setting(key: str, value: str) -> Change:
    """Another value in config.toml."""
    return text_of("config.toml", rf"^{key} = .*$", f"{key} = {value}")


def colour(theme: str, name: str) -> Change:
    return text_of("config.toml", rf"^\[theme\.{theme}\]", f'[theme.{theme}]\n{name} = "#102030"')


def template(name: str, old: str, new: str) -> Change:
    """One place of one template, in a copy of the workspace's own; the PDF's has all that it reads beside it."""

    def change(folder: Path) -> None:
        file = folder / "templates" / name
        if name.startswith("print/"):
            shutil.copytree(shipped_templates() / "print", file.parent)
        file.parent.mkdir(parents=True, exist_ok=True)
        text = (shipped_templates() / name).read_text("utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")

    return change


def label(lang: str) -> Change:
    """Words below the mail, for readers of one language."""

    def change(folder: Path) -> None:
        file = folder / "templates" / "locale" / lang / "LC_MESSAGES" / "mailer.po"
        file.parent.mkdir(parents=True)
        file.write_text('msgid ""\nmsgstr ""\n\nmsgid "Unsubscribe"\nmsgstr "Bort"\n', encoding="utf-8")

    return change


def text_of(pattern: str, old: str, new: str) -> Change:
    """One place of one file of the workspace."""

    def change(folder: Path) -> None:
        file = min(folder.glob(pattern))
        text, found = re.subn(old, new, file.read_text("utf-8"), count=1, flags=re.MULTILINE)
        assert found == 1
        file.write_text(text, encoding="utf-8")

    return change


CHANGES: dict[str, Change] = {
    "From, the address": setting("from_address", '"andre@nyhetsbrev.example"'),
    "From, the name": setting("from_name", '"En annen"'),
    "Reply-To": setting("reply_to", '"svar@nyhetsbrev.example"'),
    "List-Id": setting("list_id", '"annen.nyhetsbrev.example"'),
    "the newsletter's name": setting("name", '"Et annet nyhetsbrev"'),
    "the address of the public pages": setting("base_url", '"https://annet.example"'),
    "pictures": setting("pictures", '"linked"'),
    "the form of long items": setting("long_items", '"lead"'),
    "the form of this issue's long items": text_of(f"issues/{SLUG}/issue.toml", "^lang", 'long_items = "lead"\nlang'),
    "the form of a long item": text_of(f"issues/{SLUG}/items/*.md", "^title", 'long_items = "lead"\ntitle'),
    "a colour": colour("light", "ink"),
    "a colour in the dark": colour("dark", "canvas"),
    "the mail": template("email/issue.mjml.j2", 'width="680px"', 'width="640px"'),
    "the text": template("text/issue.txt.j2", "{{", "x{{"),
    "the web page": template("web/issue.html.j2", "</main>", "<hr></main>"),
    "the web page's style": template("web/issue.css.j2", "{", "{--x:0;"),
    "the PDF": template("print/issue.typ", "fill: t.ink", "fill: red"),
    "the subject": text_of(f"issues/{SLUG}/issue.toml", '^title = "', 'title = "Nytt '),
    "a date": text_of(f"issues/{SLUG}/issue.toml", r"(important_dates\]\]\ndate = \d{4}-\d\d-)\d\d", r"\g<1>20"),
    "a list's name": text_of("subscribers/helsefellesskap.toml", 'short = "', 'short = "X'),
    "a picture's bytes": partial(write_picture, shade=101),
    "a label of en": label("en"),
    "a label of nn": label("nn"),
    "a label of se": label("se"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_readers_get_changes_it(change: Change, workspace: Path, before: str) -> None:
    change(workspace)
    assert hash_of(workspace) != before


def test_its_parts_keep_their_names(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under another name it would be another edition, and what a version of before tested would not have been."""
    named: list[str] = []

    def note(parts: Mapping[str, bytes]) -> str:
        named.extend(parts)
        return "1:0"

    monkeypatch.setattr("mailer.usecases.editions.hash_edition", note)
    make_edition(services, require_issue(services, SLUG))
    pictures = [each for each in named if each.startswith("picture/")]
    assert {each.rpartition("/")[2] for each in pictures} == {"type", "data"}
    calendars = [each for each in named if each.startswith("calendar/")]
    assert [len(each.removeprefix("calendar/")) for each in calendars] == [4, 4]
    assert [each for each in named if not each.startswith(("picture/", "subject/", "html/", "text/", "calendar/"))] == [
        *(f"sender/{each}" for each in ("name", "address", "reply_to", "list_id", "list_name", "owner", "pages")),
        *("slug", "lang", "web", "pdf", "calendar"),
    ]
    keys = [str(each) for each in services.composer.covering_keys(require_issue(services, SLUG))]
    for form in ("subject", "html", "text"):
        assert [each for each in named if each.startswith(f"{form}/")] == [f"{form}/{key}" for key in keys]


def test_what_stands_in_the_calendars_alone_changes_it(
    workspace: Path, before: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailer.compose.calendar.icalendar.PRODUCT", "-//another//program//NO")
    assert hash_of(workspace) != before


def test_each_sender_s_field_is_covered_unless_readers_never_see_it(services: Services) -> None:
    issue = require_issue(services, SLUG)
    whole = make_edition(services, issue).edition_hash
    sender = services.sender
    other: dict[str, Any] = {"pages": Pages("https://annet.example"), "verp": False}
    changing = set()
    for name in (each.name for each in fields(Sender)):
        services.sender = replace(sender, **{name: other.get(name, "annet@annet.example")})
        if make_edition(services, issue).edition_hash != whole:
            changing.add(name)
    assert {each.name for each in fields(Sender)} - changing == {"return_path", "verp"}


# --- What does not ----------------------------------------------------------------------------------


def test_who_joins_or_leaves_never_changes_it(services: Services, before: str) -> None:
    store, issue = services.subscribers, require_issue(services, SLUG)
    kari = store.add("kari@agder.example", lists=["agder", "bergen"], basis="e: samhandling")
    assert make_edition(services.afresh(), issue).edition_hash == before
    store.add("ola@bergen.example", lists=["bergen"], basis="e: samhandling", lang="se")
    store.leave(kari.id, list_slug="bergen")
    assert make_edition(services.afresh(), issue).edition_hash == before


def test_where_no_item_is_long_their_form_does_not_change_it(workspace: Path, before: str) -> None:
    setting("long_item_words", "1000")(workspace)
    assert hash_of(workspace) == before
    setting("long_items", '"lead"')(workspace)
    assert hash_of(workspace) == before


def test_how_it_is_sent_does_not_change_it(workspace: Path, before: str) -> None:
    for key, value in {
        "return_path": '"retur@nyhetsbrev.example"',
        "verp": "false",
        "port": "2525",
        "in_doubt": '"retry"',
        "test_recipients": '["@annet.example"]',
    }.items():
        setting(key, value)(workspace)
    assert hash_of(workspace) == before


_ELSEWHERE = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
later, real = 400 * 86400, time.time
time.time = lambda: real() + later  # what `date.today` asks
from mailer.bootstrap import build_services
from mailer.usecases.editions import make_edition
from mailer.usecases.reading import require_issue
services = build_services(Path(sys.argv[1]), environ={}, announce=lambda _: None)
services.clock = lambda: datetime(2031, 5, 17, 23, 59, tzinfo=UTC)
for slug in sys.argv[2:]:
    print(make_edition(services, require_issue(services, slug)).edition_hash)
"""


@pytest.mark.slow
def test_another_process_folder_order_day_and_zone_give_the_same(furnished: Path, tmp_path: Path, before: str) -> None:
    folder = tmp_path / "et sted" / "ganske langt borte"
    for each in sorted(furnished.rglob("*"), reverse=True):  # made in another order, with other times
        if each.is_file():
            copy = folder / each.relative_to(furnished)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(each.read_bytes())
    environ = os.environ | {"PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati", "LC_ALL": "C"}
    command = [sys.executable, "-c", _ELSEWHERE, str(folder / "config.toml"), SLUG, *ISSUES]
    told = subprocess.run(command, check=True, capture_output=True, text=True, env=environ, cwd=tmp_path).stdout
    assert told.split() == [before, *(hash_of(furnished, each) for each in ISSUES)]


def test_the_calendar_counts_without_its_stamps(services: Services) -> None:
    issue = require_issue(services, SLUG)
    first = issue_calendar(services, issue).whole
    revision = Revision(
        published=(first.replace(b"SUMMARY;LANGUAGE=nb:", b"SUMMARY;LANGUAGE=nb:x"),),
        at=datetime(2031, 5, 17, tzinfo=UTC),
    )
    again = issue_calendar(services, issue, revision=revision).whole
    assert again != first
    assert b"SEQUENCE:1" in again
    assert unstamped(again) == unstamped(first)
    assert not re.search(rb"DTSTAMP|SEQUENCE|LAST-MODIFIED", unstamped(first))
    assert first.count(b"\r\n") - unstamped(first).count(b"\r\n") == 3 * first.count(b"BEGIN:VEVENT")


def test_the_variants_that_stand_for_all_are_those_of_each_list_and_language(services: Services) -> None:
    issue = require_issue(services, SLUG)
    keys = services.composer.covering_keys(issue)
    places = [(), *((each,) for each in sorted(issue.helsefellesskap)), tuple(sorted(issue.helsefellesskap))]
    told = {(tuple(sorted(each.own)), each.lang) for each in keys}
    assert told == {(own, lang) for own in places for lang in LANGS}
    assert len(keys) == len(set(keys))


def test_without_a_name_the_sender_is_the_publisher(workspace: Path) -> None:
    for given, name in {"": "Helsedirektoratet", "Redaksjonen": "Redaksjonen"}.items():
        setting("from_name", f'"{given}"')(workspace)
        with closing(_open(workspace)) as opened:
            assert opened.sender.name == name
