"""Post to a webhook: https alone, signed (Standard Webhooks), to an address that was checked, within a time."""

import hmac
import socket
import ssl
import time
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from urllib.parse import urlsplit

import h11

from mailer.catalogue import msg
from mailer.errors import ExitCode, MailerError
from mailer.issue.links.inside import is_public
from mailer.transport.connecting import open_connection
from mailer.transport.replies import in_words

CONNECT_SECONDS = 5.0
ALL_SECONDS = 15.0
"""The time for everything from looking the name up to the answer's first line."""
_LONGEST_HEAD = 16_384
_RECEIVE_BYTES = 4096


class WebhookError(MailerError):
    """A webhook that did not take what was posted to it."""

    exit_code = ExitCode.TRY_AGAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """The place of a webhook and the key that signs what goes there; hosts whose address may be private."""

    url: str
    key: bytes = field(repr=False)
    private_hosts: Sequence[str] = ()
    seconds: float = ALL_SECONDS

    @property
    def host(self) -> str:
        """Return the name of the machine; the rest of the address may be a secret."""
        return urlsplit(self.url).hostname or ""


def sign(key: bytes, *, name: str, moment: datetime, body: bytes) -> dict[str, str]:
    """Return the header fields that name and sign a message: HMAC-SHA256 over name, moment in seconds, and body."""
    seconds = str(int(moment.timestamp()))
    mac = hmac.digest(key, b".".join([name.encode(), seconds.encode(), body]), sha256)
    signature = f"v1,{b64encode(mac).decode()}"
    return {"webhook-id": name, "webhook-timestamp": seconds, "webhook-signature": signature}


def post(webhook: Webhook, *, name: str, moment: datetime, body: bytes) -> str:
    """Post a body of JSON and return the answer in words; raises `WebhookError` unless it is 2xx.

    A redirect is an answer like any other: what it leads to was not checked.
    """
    latest = time.monotonic() + webhook.seconds
    try:
        with _connected(webhook, latest=latest) as sock:
            status = _ask(sock, webhook, sign(webhook.key, name=name, moment=moment, body=body), body, latest=latest)
    except (OSError, h11.ProtocolError) as error:
        raise _unreachable(webhook, error) from error
    if 300 <= status < 400:
        raise WebhookError(msg("notices.redirected", status=str(status)), hint=msg("notices.write-final-address"))
    if not 200 <= status < 300:
        raise WebhookError(msg("notices.not-taken", status=str(status)), hint=msg("notices.ask-its-operator"))
    return f"HTTP {status}"


def _connected(webhook: Webhook, *, latest: float) -> ssl.SSLSocket:
    """Return a connection to an address of the host that may be posted to, encrypted and with a proven name."""

    def check(addresses: Sequence[str]) -> None:
        if webhook.host not in webhook.private_hosts and not all(map(is_public, addresses)):
            told = msg("notices.private-host", host=webhook.host)
            hint = msg("notices.name-private-host", host=webhook.host)
            raise WebhookError(told, where="[notices] webhook", hint=hint)

    port = urlsplit(webhook.url).port or 443
    plain = open_connection(webhook.host, port, seconds=CONNECT_SECONDS, latest=latest, check=check)
    try:
        plain.settimeout(_left(latest))  # holds for the whole handshake
        return ssl.create_default_context().wrap_socket(plain, server_hostname=webhook.host)
    except BaseException:
        plain.close()
        raise


def _ask(sock: socket.socket, webhook: Webhook, signed: Mapping[str, str], body: bytes, *, latest: float) -> int:
    """Send the request and return the status of the answer, without reading its body."""
    parts = urlsplit(webhook.url)
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LONGEST_HEAD)
    headers = {"Host": parts.netloc, "User-Agent": "mailer", "Content-Type": "application/json", "Connection": "close"}
    headers |= {"Content-Length": str(len(body)), **signed}
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    request = h11.Request(method="POST", target=target, headers=[*headers.items()])
    sent = [connection.send(each) for each in (request, h11.Data(data=body), h11.EndOfMessage())]
    sock.settimeout(_left(latest))
    sock.sendall(b"".join(each for each in sent if each))
    while not isinstance(event := connection.next_event(), h11.Response):
        if event is h11.NEED_DATA:
            sock.settimeout(_left(latest))
            connection.receive_data(sock.recv(_RECEIVE_BYTES))
    return event.status_code


def _left(latest: float) -> float:
    if (left := latest - time.monotonic()) <= 0:
        raise TimeoutError
    return left


def _unreachable(webhook: Webhook, error: Exception) -> WebhookError:
    reason = msg("notices.unknown-name") if isinstance(error, socket.gaierror) else in_words(error)
    return WebhookError(msg("notices.unreachable", host=webhook.host, reason=reason), hint=msg("notices.check-webhook"))
