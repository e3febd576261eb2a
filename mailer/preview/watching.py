"""Tells the page in the browser that something was saved, the moment it was (server-sent events)."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable
from functools import partial
from pathlib import Path

from starlette.responses import StreamingResponse
from watchfiles import awatch

QUIET = 20
"""Milliseconds of quiet after which a save counts as complete: editors write a file in several steps."""

_watch = partial(awatch, debounce=400, step=QUIET, rust_timeout=2000, yield_on_timeout=True)


def saved_events(folders: Iterable[Path], *, files: Collection[Path] = (), server_id: str) -> StreamingResponse:
    """An answer that never ends and says `saved` whenever one of the files, or one below a folder, has changed.

    It begins with the `server_id`, by which the page knows its own server from another that has come to the port.
    """
    return StreamingResponse(_events(tuple(folders), files, server_id), media_type="text/event-stream")


async def _events(folders: tuple[Path, ...], files: Collection[Path], server_id: str) -> AsyncIterator[str]:
    yield f"retry: 500\n\nevent: watching\ndata: {server_id}\n\n"
    heard: asyncio.Queue[object] = asyncio.Queue()
    tasks = [asyncio.create_task(_listen(each, heard)) for each in _watchers(folders, files)]
    try:
        while True:
            yield "event: saved\ndata: \n\n" if await heard.get() else ": still here\n\n"
    finally:
        for each in tasks:
            each.cancel()


def _watchers(folders: tuple[Path, ...], files: Collection[Path]) -> Iterable[AsyncIterator[object]]:
    yield _watch(*(each for each in folders if each.is_dir()))
    if around := {each.parent for each in files if each.parent.is_dir()}:
        # The folders of single files, whose other contents are nobody's business: an editor may replace a file.
        names = {str(each) for each in files}
        yield _watch(*around, recursive=False, watch_filter=lambda _change, path: path in names)


async def _listen(changes: AsyncIterator[object], heard: "asyncio.Queue[object]") -> None:
    async for each in changes:
        await heard.put(each)
