"""Answers to failed requests: the database is away, the mistake is mailer's, or the client has gone."""

import logging
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoFreeConnectionError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from mailer.database.failures import DatabaseError
from mailer.web.site import HEADERS, Site

ANOTHER_OUTAGE = timedelta(minutes=1)  # after so long without a failure

log = logging.getLogger(__name__)


class Failures:
    """The answers to exceptions. An outage is logged once, however many requests meet it."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._latest: datetime | None = None

    @property
    def handlers(self) -> dict[Any, Any]:
        """Return the handler of each kind of exception."""
        return {
            DatabaseError: self._try_again,
            NoFreeConnectionError: self._try_again,
            DBAPIError: self._judge,
            ClientDisconnect: _nobody_listens,
            Exception: _our_mistake,
        }

    def _try_again(self, request: Request, error: Exception) -> Response:
        """Ask mail programs and people to try again: leaving twice is leaving once."""
        self._tell(error)
        if request.method != "POST" or "/one-click/" not in request.scope["path"]:
            return self._site.try_again(request)
        headers = HEADERS | {"Retry-After": "30"}
        return PlainTextResponse("Try again in half a minute.\n", status_code=503, headers=headers)

    def _judge(self, request: Request, error: DBAPIError) -> Response:
        """Answer a broken connection as an outage, and raise any other error, which is logged as a bug."""
        if error.connection_invalidated:
            return self._try_again(request, error)
        error.hide_parameters = True  # they may be somebody's data
        raise error

    def _tell(self, error: Exception) -> None:
        before, self._latest = self._latest, self._site.services.clock()
        if before is None or self._latest - before > ANOTHER_OUTAGE:
            reason = error.what if isinstance(error, DatabaseError) else type(error).__name__
            log.warning("database-away reason=%s", reason)


def _nobody_listens(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400, headers=HEADERS)


def _our_mistake(_request: Request, _error: Exception) -> Response:
    return PlainTextResponse("This did not work. The mistake is ours.\n", status_code=500, headers=HEADERS)
