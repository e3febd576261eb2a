"""Reading requests: what is plain is read however it is cut up, and what two programs could read differently is not."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.web.requests import (
    LONGEST_HEAD,
    MOST_FIELDS,
    TOO_LONG,
    UNCLEAR,
    UNKNOWN_CODING,
    RefusedRequest,
    RequestReader,
)

BODY = b"List-Unsubscribe=One-Click"
HEAD = b"POST /one-click/abc?x=1 HTTP/1.1\r\nHost: a\r\n"
PLAIN = HEAD + b"Content-Length: 26\r\n\r\n" + BODY
CHUNKED = HEAD + b"Transfer-Encoding: Chunked\r\n\r\n4\r\nList\r\n16;x=y\r\n-Unsubscribe=One-Click\r\n0\r\n\r\n"


def read(*parts: bytes, longest_body: int = 100) -> tuple[RequestReader, RefusedRequest | None]:
    """Read until the request is whole or refused."""
    reader = RequestReader(longest_body=longest_body)
    for part in parts:
        refusal = reader.feed(part)
        if refusal or reader.is_complete:
            return reader, refusal
    return reader, None


@given(st.sampled_from([PLAIN, CHUNKED]), st.lists(st.integers(1, 120), max_size=20))
def test_a_plain_request_is_read_however_it_is_cut_up(request: bytes, places: list[int]) -> None:
    edges = sorted({0, len(request), *(each for each in places if each < len(request))})
    parts = [request[start:end] for start, end in pairwise(edges)]
    reader, refusal = read(*parts)
    assert (refusal, reader.is_complete, reader.body) == (None, True, BODY)
    assert reader.request is not None
    assert (reader.request.method, reader.request.target) == (b"POST", b"/one-click/abc?x=1")


HOSTILE = {
    "both lengths": HEAD + b"Content-Length: 26\r\nTransfer-Encoding: chunked\r\n\r\n",
    "both lengths, turned": HEAD + b"transfer-encoding: chunked\r\nCONTENT-LENGTH: 26\r\n\r\n",
    "two Content-Lengths": HEAD + b"Content-Length: 26\r\nContent-Length: 5\r\n\r\n",
    "the same Content-Length twice": HEAD + b"Content-Length: 26\r\nContent-Length: 26\r\n\r\n",
    "a list of lengths": HEAD + b"Content-Length: 26, 26\r\n\r\n",
    "a signed length": HEAD + b"Content-Length: +26\r\n\r\n",
    "a length in hex": HEAD + b"Content-Length: 0x1a\r\n\r\n",
    "no length": HEAD + b"Content-Length: \r\n\r\n",
    "an immense length": HEAD + b"Content-Length: " + b"9" * 19 + b"\r\n\r\n",
    "two codings": HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
    "chunked in HTTP/1.0": HEAD.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n",
    "no version": b"GET /\r\n",
    "HTTP/0.9": b"GET / HTTP/0.9\r\n\r\n",
    "HTTP/2.0": b"PRI * HTTP/2.0\r\n\r\n",
    "a tab in the request line": b"GET\t/ HTTP/1.1\r\n\r\n",
    "two spaces in the request line": b"GET  / HTTP/1.1\r\n\r\n",
    "an address that is no path": b"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "a folded line": HEAD + b"X: a\r\n b: c\r\n\r\n",
    "a line folded by a tab": HEAD + b"X: a\r\n\tb: c\r\n\r\n",
    "a folded first line": b"GET / HTTP/1.1\r\n Host: a\r\n\r\n",
    "lone LF": b"GET / HTTP/1.1\nHost: a\n\n",
    "lone LF in a field": HEAD + b"X: a\nContent-Length: 26\r\n\r\n",
    "lone CR in a field": HEAD + b"X: a\rContent-Length: 26\r\n\r\n",
    "CR CR LF": HEAD + b"X: a\r\r\n\r\n",
    "NUL": HEAD + b"X: a\0b\r\n\r\n",
    "a space before the colon": HEAD + b"Content-Length : 26\r\n\r\n",
    "no colon": HEAD + b"Content-Length\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "an empty line first": b"\r\n" + PLAIN,
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
    "a chunk of no size": HEAD + b"Transfer-Encoding: chunked\r\n\r\n\r\nList",
    "a chunk of negative size": HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\nList",
    "a chunk size in 0x": HEAD + b"Transfer-Encoding: chunked\r\n\r\n0x4\r\nList",
    "an immense chunk size": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 21 + b"\r\nList",
    "a chunk longer than its size": HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nList\r\n",
    "fields after the last chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nHost: b\r\n\r\n",
}


@pytest.mark.parametrize("request_", HOSTILE.values(), ids=HOSTILE)
def test_what_could_be_read_in_two_ways_is_refused_however_it_is_cut_up(request_: bytes) -> None:
    assert read(request_)[1] is UNCLEAR
    assert read(*(bytes([each]) for each in request_))[1] is UNCLEAR


def test_other_codings_are_not_known() -> None:
    for name in (b"gzip, chunked", b"identity", b"xchunked"):
        assert read(HEAD + b"Transfer-Encoding: " + name + b"\r\n\r\n")[1] is UNKNOWN_CODING


def _head_of(length: int) -> bytes:
    return HEAD + b"X: " + b"x" * (length - len(HEAD) - 7) + b"\r\n\r\n"


def test_a_head_has_at_most_so_many_bytes() -> None:
    longest = _head_of(LONGEST_HEAD)
    assert (len(longest), read(longest)[1], read(longest)[0].is_complete) == (16_384, None, True)
    assert read(_head_of(LONGEST_HEAD + 1))[1] is TOO_LONG
    endless = read(HEAD, *[b"X: " + b"x" * 1000 + b"\r\n"] * 20)
    assert (endless[1], endless[0].request) == (TOO_LONG, None)
    assert TOO_LONG.words == "This request has more than 16384 bytes or 100 fields before its form."


def test_a_head_has_at_most_so_many_fields() -> None:
    assert read(HEAD + b"X: y\r\n" * (MOST_FIELDS - 1) + b"\r\n")[1] is None
    assert read(HEAD + b"X: y\r\n" * MOST_FIELDS + b"\r\n")[1] is TOO_LONG


def test_of_a_body_that_is_too_long_one_byte_more_is_kept() -> None:
    for request in (PLAIN, CHUNKED):
        reader, refusal = read(request, longest_body=9)
        assert (refusal, reader.is_complete, reader.body) == (None, True, BODY[:10])
    assert read(HEAD + b"Content-Length: 999999999\r\n\r\n" + BODY)[0].is_complete is False
