"""The leave page's form: what somebody asks for with it."""

from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.requests import Request

from mailer.subscribers.model import ALL_LISTS

MAXIMUM_FORM = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A wish to leave one list or all of them, or to be put back on those in `undo`."""

    scope: str = ALL_LISTS
    undo: tuple[str, ...] = ()


async def read_form(request: Request) -> bytes | None:
    """Return the body of a small form; None for one that is larger than any form here, which is not read on."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAXIMUM_FORM:
            return None
    return body


def parse_wish(form: bytes) -> Wish | None:
    """Return the wish in a form, or None when it is not from these pages."""
    fields = parse_qs(form.decode("utf-8", "replace"), keep_blank_values=True)
    if fields.get("action") == ["undo"]:
        return Wish(undo=tuple(fields["list"])) if "list" in fields else None
    if "scope" in fields:
        return Wish(scope=fields["scope"][0])
    return None
