"""Tells the page in the browser that something was saved, the moment it was (server-sent events)."""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from starlette.responses import StreamingResponse
from watchfiles import awatch

QUIET = 20
"""Milliseconds of quiet after which a save counts as complete: editors write a file in several steps."""


def saved_events(folders: Iterable[Path]) -> StreamingResponse:
    """An answer that never ends and says `saved` whenever a file below one of the folders has changed."""
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return StreamingResponse(_events(tuple(folders)), media_type="text/event-stream", headers=headers)


async def _events(folders: tuple[Path, ...]) -> AsyncIterator[str]:
    yield "retry: 500\n\nevent: watching\ndata: \n\n"
    there = [folder for folder in folders if folder.is_dir()]
    async for changes in awatch(*there, debounce=400, step=QUIET, rust_timeout=2000, yield_on_timeout=True):
        yield "event: saved\ndata: \n\n" if changes else ": still here\n\n"
