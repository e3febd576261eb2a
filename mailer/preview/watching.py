"""Tells the page in the browser that something was saved, the moment it was (server-sent events)."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from starlette.responses import StreamingResponse
from watchfiles import awatch

from mailer.preview.saved import Contents, contents_of

QUIET = 20
"""Milliseconds of quiet after which a save counts as complete: editors write a file in several steps."""
LOOK_AGAIN = 2000
"""Milliseconds after which it is looked for new links and folders."""
POLLED = 1.0
"""Seconds between two looks at the files where the system tells nothing."""

_watch = partial(awatch, debounce=400, step=QUIET, rust_timeout=LOOK_AGAIN, yield_on_timeout=True, force_polling=False)


@dataclass(frozen=True, slots=True)
class Watched:
    """Folders to watch with all below them, and single files, whose folders hold others too.

    With `polls` their contents are compared again and again: network drives tell nothing of a save.
    """

    folders: frozenset[Path]
    files: frozenset[Path] = frozenset()
    polls: bool = False

    @property
    def contents(self) -> Contents:
        """Return what stands in the files now."""
        return contents_of([*self.files, *(each for folder in self.folders for each in folder.rglob("*"))])


def watched_at(folders: Iterable[Path], files: Iterable[Path] = (), *, polls: bool = False) -> Watched:
    """Return what to watch for these folders and files, some of which may be links, hold links or not be there."""
    real, links = _through_links(folders)
    outermost = frozenset(each for each in real if real.isdisjoint(each.parents))
    ways = (way for each in (*files, *links) for way in _way_of(each) if way.parent.is_dir())
    return Watched(outermost, frozenset(ways), polls)


def _through_links(folders: Iterable[Path]) -> tuple[set[Path], list[Path]]:
    """Return the folders and those that links in them lead to, each where it is, and all the links."""
    real: set[Path] = set()
    links: list[Path] = []
    rest = [*folders]
    while rest:
        folder = rest.pop().resolve()
        if folder not in real and folder.is_dir():
            real.add(folder)
            found = [each for each in folder.rglob("*") if each.is_symlink()]
            links += found
            rest += found
    return real, links


def _way_of(file: Path) -> Iterator[Path]:
    """Yield a file and, where it is a link, what it leads to: a save changes the last, a new link any of them."""
    seen: set[Path] = set()
    while (place := file.parent.resolve() / file.name) not in seen:
        seen.add(place)
        yield place
        if place.is_symlink():
            file = place.parent / place.readlink()


def saved_events(watched: Callable[[], Watched], *, server_id: str) -> StreamingResponse:
    """An answer that never ends and says `saved` whenever a file has changed of those that are to be watched by now.

    It begins with the `server_id`, by which the page knows its own server from another that has come to the port.
    """
    return StreamingResponse(_events(watched, server_id), media_type="text/event-stream")


async def _events(watched: Callable[[], Watched], server_id: str) -> AsyncIterator[str]:
    yield f"retry: 500\n\nevent: watching\ndata: {server_id}\n\n"
    while True:
        now = watched()
        async with aclosing(_changes(now)) as changes:
            async for is_saved in changes:
                yield "event: saved\ndata: \n\n" if is_saved else ": still here\n\n"
                if watched() != now:
                    break
        yield "event: saved\ndata: \n\n"  # what was saved while nothing was watched


async def _changes(watched: Watched) -> AsyncGenerator[bool, None]:
    """Yield at each save, and now and then in between, whether something was saved."""
    heard: asyncio.Queue[bool] = asyncio.Queue()
    watchers = [_polled(watched)] if watched.polls else _watchers(watched)
    tasks = [asyncio.create_task(_listen(each, heard)) for each in watchers]
    try:
        while True:
            yield await heard.get()
    finally:
        for each in tasks:
            each.cancel()


def _watchers(watched: Watched) -> Iterator[AsyncIterator[object]]:
    yield _watch(*watched.folders)
    if around := {each.parent for each in watched.files}:
        # The folders of single files, whose other contents are nobody's business: an editor may replace a file.
        names = {str(each) for each in watched.files}
        yield _watch(*around, recursive=False, watch_filter=lambda _change, path: path in names)


async def _polled(watched: Watched) -> AsyncIterator[bool]:
    before = await asyncio.to_thread(lambda: watched.contents)
    while True:
        await asyncio.sleep(POLLED)
        now = await asyncio.to_thread(lambda: watched.contents)
        yield now != before
        before = now


async def _listen(changes: AsyncIterator[object], heard: "asyncio.Queue[bool]") -> None:
    async for each in changes:
        await heard.put(bool(each))
