"""Saves are heard wherever files lie: behind links, with their time kept, on drives that tell nothing; `saved` too."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from mailer.bootstrap import Services
from mailer.preview import watching
from mailer.preview.saved import SMALL, contents_of
from mailer.preview.server import polls
from mailer.preview.watching import Watched, saved_events, watched_at

Save = Callable[[], object]


def heard_after(save: Save, watched: Callable[[], Watched]) -> list[str]:
    """The events up to the first that tells of a save, or of twenty quiet moments, some of which came before it."""

    async def listen() -> list[str]:
        events = saved_events(watched, server_id="x").body_iterator
        assert isinstance(events, AsyncIterator)
        heard: list[str] = []
        async with aclosing(events) as told:  # type: ignore[type-var] # it is a generator
            heard.append(str(await anext(told)))
            waiting = asyncio.ensure_future(anext(told))
            await asyncio.sleep(0.3)
            save()
            for _ in range(20):
                heard.append(str(await asyncio.wait_for(waiting, 10)))
                if heard[-1].startswith("event: saved"):
                    break
                waiting = asyncio.ensure_future(anext(told))
        return heard

    return asyncio.run(listen())


def write_keeping_time(file: Path, text: str) -> None:
    before = file.stat()
    file.write_text(text, encoding="utf-8")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / "real"
    folder.mkdir()
    (folder / "a.md").write_text("en", encoding="utf-8")
    return folder / "a.md"


@pytest.mark.parametrize("is_polled", [False, True])
def test_a_save_that_keeps_time_and_size_is_heard(
    monkeypatch: pytest.MonkeyPatch, file: Path, *, is_polled: bool
) -> None:
    monkeypatch.setattr(watching, "POLLED", 0.05)
    heard = heard_after(lambda: write_keeping_time(file, "to"), lambda: watched_at([file.parent], polls=is_polled))
    assert heard[0] == "retry: 500\n\nevent: watching\ndata: x\n\n"
    assert heard[-1] == "event: saved\ndata: \n\n"


@pytest.mark.parametrize("is_polled", [False, True])
def test_a_save_behind_a_link_to_a_file_is_heard(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, file: Path, *, is_polled: bool
) -> None:
    monkeypatch.setattr(watching, "POLLED", 0.05)
    (tmp_path / "items").mkdir()
    link = tmp_path / "items" / "link.md"
    link.symlink_to(Path("..", "real", "a.md"))
    watched = watched_at([tmp_path / "items"], [link], polls=is_polled)
    assert watched.files == {link, file}
    assert heard_after(lambda: file.write_text("to", encoding="utf-8"), lambda: watched)[-1].startswith("event: saved")


def test_a_polled_folder_tells_of_nothing_while_nothing_is_saved(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    monkeypatch.setattr(watching, "POLLED", 0.01)
    heard = heard_after(lambda: None, lambda: watched_at([file.parent], polls=True))
    assert heard[1:] == [": still here\n\n"] * 20


def test_folders_behind_links_are_watched_where_they_are(tmp_path: Path, file: Path) -> None:
    (tmp_path / "issue").mkdir()
    (tmp_path / "issue" / "items").symlink_to(file.parent, target_is_directory=True)
    watched = watched_at([tmp_path / "issue", tmp_path / "gone", file.parent])
    assert watched.folders == {tmp_path / "issue", file.parent}


def test_links_below_a_folder_are_followed_to_their_ends(tmp_path: Path, file: Path) -> None:
    templates, elsewhere = tmp_path / "templates", tmp_path / "elsewhere"
    (templates / "web").mkdir(parents=True)
    elsewhere.mkdir()
    (templates / "web" / "components").symlink_to(elsewhere, target_is_directory=True)
    (elsewhere / "more").symlink_to(file.parent, target_is_directory=True)
    (elsewhere / "back").symlink_to(templates, target_is_directory=True)
    (templates / "one.j2").symlink_to(file)
    watched = watched_at([templates])
    assert watched.folders == {templates, elsewhere, file.parent}
    assert {templates / "one.j2", file} <= watched.files
    polled = watched_at([templates], polls=True)
    before = polled.contents
    file.write_text("to", encoding="utf-8")
    assert polled.contents != before


def test_a_link_that_leads_to_itself_ends(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert watched_at([], [tmp_path / "a"]).files == {tmp_path / "a", tmp_path / "b"}


def test_a_link_that_is_made_while_somebody_looks_is_followed(tmp_path: Path, file: Path) -> None:
    items = tmp_path / "items"
    items.mkdir()
    link = items / "new.md"

    def save() -> None:
        link.symlink_to(file)

    def watched() -> Watched:
        return watched_at([items], [each for each in items.glob("*") if each.is_symlink()])

    assert heard_after(save, watched)[-1].startswith("event: saved")
    assert watched().files == {link, file}


def test_contents_are_compared_and_of_large_files_what_the_disk_says(tmp_path: Path, file: Path) -> None:
    large = tmp_path / "large.png"
    large.write_bytes(bytes(SMALL + 1))
    files = [file, large, tmp_path, tmp_path / "gone"]
    before = contents_of(files)
    assert before.keys() == {str(file), str(large)}
    write_keeping_time(file, "to")
    assert contents_of(files)[str(file)] != before[str(file)]
    write_keeping_time(file, "en")
    assert contents_of(files) == before
    large.write_bytes(bytes(SMALL) + b"x")
    assert contents_of(files)[str(large)] != before[str(large)]


@pytest.mark.parametrize(
    ("setting", "forced", "polled"),
    [
        (False, "", False),
        (True, "", True),
        (False, "1", True),
        (False, "true", True),
        (False, "false", False),
        (False, "Disabled", False),
    ],
)
def test_polling_is_a_setting_or_that_of_watchfiles(
    services: Services, forced: str, *, setting: bool, polled: bool
) -> None:
    preview = services.settings.preview.model_copy(update={"poll": setting})
    settings = replace(services.settings, preview=preview)
    assert polls(replace(services, settings=settings, environ={"WATCHFILES_FORCE_POLLING": forced})) is polled
