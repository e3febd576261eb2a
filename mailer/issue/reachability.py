"""Asks the network whether an issue's links lead somewhere: only for `mailer check --links`.

An address in an issue may come from anybody, so it must not make this machine talk to its own network: a name is
resolved once, every address it has must be public, and the connection goes to that address and no other. The same
holds for each redirect.
"""

import http.client
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

from mailer.catalogue import Message, msg
from mailer.issue.links.inside import is_public
from mailer.issue.lint.passages import PlaceFinder, links_in, passages_of
from mailer.issue.model import Finding, Issue, Severity

REDIRECTS_AT_MOST = 5
_MOVED = frozenset({301, 302, 303, 307, 308})
_GONE = frozenset({404, 410})


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkOptions:
    """Settings for asking for links; tests put their own server in place of the internet."""

    timeout: float = 10.0
    at_once: int = 16
    resolve: Callable[[str, int], Sequence[str]] = resolve
    is_allowed: Callable[[str], bool] = is_public
    tls: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkAnswer:
    """The result of asking for a link: `problem` is empty when it leads to a page; `is_dead` when surely not."""

    problem: str = ""
    is_dead: bool = False


def link_findings(
    issue: Issue, *, sources: Mapping[str, str], options: LinkOptions | None = None
) -> tuple[Finding, ...]:
    """Ask for every web address of an issue, each once: a warning for a dead one, a note where it is not clear."""
    places = [
        (passage, link)
        for passages in passages_of(issue).values()
        for passage, link in links_in(passages)
        if link.url.startswith("http")
    ]
    answers = ask_all((link.url for _, link in places), options=options or LinkOptions())
    finder = PlaceFinder(sources, passages=())
    before: Counter[tuple[str, int, str]] = Counter()
    findings = []
    for passage, link in places:
        place = (passage.file, passage.line, link.written or link.url)
        if answers[link.url].problem:
            findings.append(_finding(*place, answers[link.url], finder, nth=before[place]))
        before[place] += 1
    return tuple(findings)


def _finding(file: str, near: int, written: str, answer: LinkAnswer, finder: PlaceFinder, *, nth: int) -> Finding:
    line, column = finder.in_file(written, file, near=near, nth=nth)
    return Finding(
        severity=Severity.WARNING if answer.is_dead else Severity.NOTE,
        rule="dead-link",
        message=answer.problem,
        file=file,
        line=line or near,
        column=column,
        words=written if line else "",
        hint=msg("findings.dead-link-fix") if answer.is_dead else msg("findings.open-in-browser"),
    )


def ask_all(urls: Iterable[str], *, options: LinkOptions) -> dict[str, LinkAnswer]:
    """Ask for each address once, several at the same time."""
    wanted = list(dict.fromkeys(urls))
    with ThreadPoolExecutor(max_workers=options.at_once) as pool:
        return dict(zip(wanted, pool.map(lambda url: ask(url, options=options), wanted), strict=True))


def ask(url: str, *, options: LinkOptions) -> LinkAnswer:
    """Ask for one address: HEAD, and GET where the server does not like HEAD."""
    try:
        return _followed(url, options)
    except _RefusedError as refused:
        return LinkAnswer(problem=refused.problem)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return _failure(error, options)


def _failure(error: Exception, options: LinkOptions) -> LinkAnswer:
    match error:
        case socket.gaierror():
            return LinkAnswer(problem=msg("findings.link-no-site"), is_dead=True)
        case TimeoutError():
            return LinkAnswer(problem=msg("findings.link-timeout", seconds=f"{options.timeout:g}"))
        case ssl.SSLError():
            return LinkAnswer(problem=msg("findings.link-certificate"))
        case _:
            return LinkAnswer(problem=msg("findings.link-no-answer", error=type(error).__name__), is_dead=True)


def _followed(url: str, options: LinkOptions) -> LinkAnswer:
    for _ in range(REDIRECTS_AT_MOST + 1):
        status, moved_to = _status(url, options)
        if not moved_to:
            return _answer(status)
        url = urljoin(url, moved_to)
    return LinkAnswer(problem=msg("findings.link-passed-on", times=REDIRECTS_AT_MOST))


def _answer(status: int) -> LinkAnswer:
    if status in _GONE:
        return LinkAnswer(problem=msg("findings.link-gone", code=str(status)), is_dead=True)
    return LinkAnswer(problem=msg("findings.link-not-for-programs", code=str(status)) if status >= 400 else "")


class _RefusedError(Exception):
    """The address leads where we do not go."""

    def __init__(self, problem: Message) -> None:
        super().__init__(problem)
        self.problem = problem


def _status(url: str, options: LinkOptions) -> tuple[int, str]:
    status, moved_to = 0, ""
    for method in ("HEAD", "GET"):
        status, moved_to = _request(method, urlsplit(url), options)
        if status < 400:
            break
    return status, moved_to if status in _MOVED else ""


def _request(method: str, parts: SplitResult, options: LinkOptions) -> tuple[int, str]:
    connection = _connection(parts, options)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = {"User-Agent": "mailer-link-check", "Accept": "*/*", "Connection": "close"}
        connection.request(method, target, headers=headers)
        response = connection.getresponse()
        return response.status, response.headers.get("Location", "")
    finally:
        connection.close()


def _connection(parts: SplitResult, options: LinkOptions) -> http.client.HTTPConnection:
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise _RefusedError(msg("findings.link-no-web-page"))
    port = parts.port or (443 if parts.scheme == "https" else 80)
    connection = http.client.HTTPConnection(parts.hostname, port, timeout=options.timeout)
    connection.sock = _socket(parts.hostname, port, options)
    if parts.scheme == "https":
        tls = options.tls or ssl.create_default_context()
        connection.sock = tls.wrap_socket(connection.sock, server_hostname=parts.hostname)
    return connection


def _socket(host: str, port: int, options: LinkOptions) -> socket.socket:
    """A connection to the very address that was found to be public."""
    addresses = options.resolve(host, port)
    if not addresses or not all(options.is_allowed(each) for each in addresses):
        raise _RefusedError(msg("findings.link-private"))
    return socket.create_connection((addresses[0], port), timeout=options.timeout)
