"""Two pages for those who watch the process: whether it answers, and whether it can do its work.

They are the same at any `base_url`, in no language, and say nothing of the workspace but one word.
"""

import asyncio
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from mailer.usecases.watching import ANSWER_SECONDS, Readiness
from mailer.web.site import HEADERS
from mailer.web.turns import ALIVE, READY

if TYPE_CHECKING:
    from mailer.bootstrap import Services

_NO_ANSWER = "database"


def health_routes(services: "Services") -> list[Route]:
    """Return `/healthz` and `/readyz`."""
    readiness = Readiness(services)

    async def ready(_request: Request) -> Response:
        asked = asyncio.wrap_future(readiness.ask())
        answered, _ = await asyncio.wait([asked], timeout=ANSWER_SECONDS)
        fault = asked.result() if answered else _NO_ANSWER
        return _say(fault) if fault else _say("ready", status=200)

    return [Route(ALIVE, _alive, methods=["GET"]), Route(READY, ready, methods=["GET"])]


async def _alive(_request: Request) -> Response:
    """Answer, which needs neither the database nor a thread."""
    return _say("alive", status=200)


def _say(word: str, *, status: int = 503) -> Response:
    return PlainTextResponse(f"{word}\n", status_code=status, headers=HEADERS)
