"""Reads one request strictly: what two programs could read in two ways is refused, and nothing may be large."""

import re
from dataclasses import dataclass
from http import HTTPStatus

import h11

LONGEST_HEAD = 16_384
MOST_FIELDS = 100

_END = b"\r\n\r\n"
_STRAY = re.compile(rb"(?<!\r)\n|\r(?!\n|\Z)|\0")
_REQUEST_LINE = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+ /[\x21-\x7e]* HTTP/1\.[01]")
_LENGTH = re.compile(rb"[0-9]{1,18}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRequest:
    """The answer to a request that is not read on; its connection is closed."""

    status: HTTPStatus
    words: str


UNCLEAR = RefusedRequest(status=HTTPStatus.BAD_REQUEST, words="This request cannot be understood.")
TOO_LONG = RefusedRequest(
    status=HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    words=f"This request has more than {LONGEST_HEAD} bytes or {MOST_FIELDS} fields before its form.",
)
TOO_SLOW = RefusedRequest(status=HTTPStatus.REQUEST_TIMEOUT, words="This request took too long to arrive. Try again.")
UNKNOWN_CODING = RefusedRequest(
    status=HTTPStatus.NOT_IMPLEMENTED, words="Of transfer codings only chunked is known here."
)


class RequestReader:
    """Reads the only request of a connection, however its bytes are cut up.

    Of a body that is longer than `longest_body`, one byte more is kept and the rest is not read.
    """

    def __init__(self, *, longest_body: int) -> None:
        self.connection = h11.Connection(h11.SERVER, max_incomplete_event_size=LONGEST_HEAD)
        self.request: h11.Request | None = None
        self.body = b""
        self.has_begun = self.is_complete = False
        self._head = bytearray()
        self._longest_body = longest_body

    def feed(self, data: bytes) -> RefusedRequest | None:
        """Read on; returns why the request is refused, once that is clear."""
        self.has_begun = True
        if self.request is not None:
            return self._read_on(data)
        self._head += data
        end = self._head.find(_END)
        length = end + len(_END) if end >= 0 else len(self._head)
        if refusal := _judge_head(bytes(self._head[:length]), is_whole=end >= 0):
            return refusal
        return self._read_on(bytes(self._head)) if end >= 0 else None

    def _read_on(self, data: bytes) -> RefusedRequest | None:
        self.connection.receive_data(data)
        try:
            return self._take_events()
        except h11.RemoteProtocolError as error:
            is_unknown = error.error_status_hint == HTTPStatus.NOT_IMPLEMENTED
            return UNKNOWN_CODING if is_unknown else UNCLEAR

    def _take_events(self) -> RefusedRequest | None:
        while not self.is_complete:
            match self.connection.next_event():
                case h11.Request() as request:
                    self.request = request
                case h11.Data(data=data):
                    self.body = (self.body + data)[: self._longest_body + 1]
                    self.is_complete = len(self.body) > self._longest_body
                case h11.EndOfMessage(headers=trailers):
                    self.is_complete = True
                    return UNCLEAR if trailers else None
                case _:
                    return None
        return None


def _judge_head(head: bytes, *, is_whole: bool) -> RefusedRequest | None:
    """Judge what has come of a head, more strictly than h11: it takes lone CR and LF, folded lines, two lengths."""
    request_line, *fields = head.split(b"\r\n")
    if len(head) > LONGEST_HEAD or len(fields) > MOST_FIELDS + 2:
        return TOO_LONG
    if _STRAY.search(head) or (fields and not _REQUEST_LINE.fullmatch(request_line)):
        return UNCLEAR
    if is_whole and not _is_clear(fields[:-2], is_old=request_line.endswith(b"0")):
        return UNCLEAR
    return None


def _is_clear(fields: list[bytes], *, is_old: bool) -> bool:
    """Return whether the fields stand on a line each and tell the length of the body in one way (RFC 9112, 6.3)."""
    pairs = [field.partition(b":") for field in fields]
    lengths = [value.strip(b" \t") for name, _, value in pairs if name.lower() == b"content-length"]
    codings = [value for name, _, value in pairs if name.lower() == b"transfer-encoding"]
    return (
        not any(field.startswith((b" ", b"\t")) for field in fields)
        and len(lengths) + len(codings) <= 1
        and all(map(_LENGTH.fullmatch, lengths))
        and not (codings and is_old)
    )
