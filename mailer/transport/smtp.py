"""Open sessions to one SMTP server: connect, secure, log in; `smtplib` speaks until then, `session` after it."""

import contextlib
import logging
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from mailer.catalogue import msg
from mailer.config.hosts import is_loopback, without_brackets
from mailer.rfc5321 import is_ehlo_name
from mailer.transport.base import Stage, TransportError
from mailer.transport.connecting import open_connection
from mailer.transport.login import MECHANISMS, log_in
from mailer.transport.replies import BoundedReplies, in_words, parse_reply
from mailer.transport.session import SmtpSession, Timeouts

logger = logging.getLogger("mailer.transport")


class Security(StrEnum):
    """The way in which a connection is secured; there is no fall-back from one to another."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpOptions:
    """The server's place and how to talk to it.

    `ca_file` replaces the system's certificate authorities; without an `ehlo_name` this machine tells its own.
    """

    host: str
    port: int = 587
    security: Security = Security.STARTTLS
    ehlo_name: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""
    timeouts: Timeouts = field(default_factory=Timeouts)

    @property
    def address(self) -> str:
        """Return the server in words."""
        if self.security is Security.NONE:
            return msg("sending.server-not-encrypted", host=self.host, port=str(self.port))
        return f"{self.host}:{self.port} ({self.security.upper()})"


class SmtpTransport:
    """Opens sessions to one SMTP server."""

    def __init__(self, options: SmtpOptions) -> None:
        if options.security is Security.NONE and not is_loopback(options.host):
            raise TransportError(
                msg("sending.unencrypted"),
                where="[smtp] security",
                hint=msg("sending.choose-encryption"),
                stage=Stage.CONNECT,
                is_lasting=True,
            )
        self._options = options
        self._may_pipeline = True

    @property
    def address(self) -> str:
        """Return the server in words, for people: host, port and security."""
        return self._options.address

    @property
    def is_loopback(self) -> bool:
        """Return whether mail stays on this machine."""
        return is_loopback(self._options.host)

    def connect(self) -> SmtpSession:
        """Open a connection, secure it and log in; raises `TransportError`."""
        with contextlib.ExitStack() as on_failure:
            smtp = self._reach()
            on_failure.callback(smtp.close)
            with self._explained(Stage.CONNECT):
                self._greet(smtp)
            with self._explained(Stage.LOGIN):
                self._log_in(smtp)
            on_failure.pop_all()
        return SmtpSession(
            smtp, self._options.timeouts, may_pipeline=self._may_pipeline, on_confusion=self._stop_pipelining
        )

    def _stop_pipelining(self) -> None:
        if self._may_pipeline:
            logger.warning(
                "the server loses answers when several commands are sent together: one at a time from now on"
            )
        self._may_pipeline = False

    def _reach(self) -> BoundedReplies:
        """Connect, secure and log in, all of it within the two timeouts together."""
        options, timeouts = self._options, self._options.timeouts
        latest = time.monotonic() + timeouts.connect + timeouts.command
        with self._explained(Stage.CONNECT):
            context = self._context() if options.security is Security.TLS else None
            sock = open_connection(
                without_brackets(options.host), options.port, seconds=timeouts.connect, latest=latest
            )
            if context:  # from the first byte (RFC 8314 §3.3)
                sock.settimeout(min(timeouts.connect, max(0.001, latest - time.monotonic())))
                sock = context.wrap_socket(sock, server_hostname=without_brackets(options.host))
        return BoundedReplies(sock, latest=latest)

    def _greet(self, smtp: BoundedReplies) -> None:
        sock = smtp.sock
        assert sock is not None  # noqa: S101 connected just now
        code, words = smtp.getreply()
        if code != 220:
            raise smtplib.SMTPConnectError(code, words)
        sock.settimeout(self._options.timeouts.command)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        smtp.local_hostname = self._options.ehlo_name or _own_name(sock)
        self._introduce(smtp)
        if self._options.security is Security.STARTTLS:
            self._start_tls(smtp)

    def _introduce(self, smtp: BoundedReplies) -> None:
        """Say EHLO, or HELO to a server that does not know that (5xx); raise for 4xx (RFC 5321 §4.1.4)."""
        code, words = smtp.ehlo()
        if 500 <= code < 600:
            with contextlib.suppress(smtplib.SMTPServerDisconnected):  # then what it said first is told
                code, words = smtp.helo()
        if not 200 <= code < 300:
            raise smtplib.SMTPHeloError(code, words)

    def _start_tls(self, smtp: BoundedReplies) -> None:
        """Start TLS, or raise: a server that does not offer it, or says 454, gets neither password nor mail."""
        if not smtp.has_extn("starttls"):
            raise self._error(msg("sending.no-starttls"), Stage.CONNECT, is_lasting=True)
        code, words = smtp.docmd("STARTTLS")
        if code != 220:
            raise smtplib.SMTPResponseException(code, words)
        self._refuse_injected(smtp)
        assert smtp.sock is not None  # noqa: S101 the server has just answered
        smtp.sock.settimeout(smtp.seconds_left())  # holds for the whole handshake
        smtp.sock = self._context().wrap_socket(smtp.sock, server_hostname=without_brackets(self._options.host))
        self._introduce(smtp)

    def _refuse_injected(self, smtp: BoundedReplies) -> None:
        """Refuse bytes behind the answer to STARTTLS: an unverified server wrote them (CVE-2011-0411)."""
        assert smtp.sock is not None  # noqa: S101 the server has just answered
        smtp.sock.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            smtp.replies.feed(smtp.sock.recv(1))
        smtp.sock.settimeout(self._options.timeouts.command)
        if not smtp.replies.is_empty:
            raise self._error(msg("sending.injected"), Stage.CONNECT, is_lasting=True)

    def _log_in(self, smtp: BoundedReplies) -> None:
        options = self._options
        if options.username and not log_in(smtp, username=options.username, password=options.password):
            raise self._error(msg("sending.no-way-to-log-in", ways=", ".join(MECHANISMS)), Stage.LOGIN)

    def _context(self) -> ssl.SSLContext:
        file = self._options.ca_file
        try:
            context = ssl.create_default_context(cafile=file or None)
        except OSError as error:
            what = msg("sending.authorities-unreadable", file=file, reason=in_words(error))
            raise self._error(what, Stage.CONNECT, hint=msg("sending.check-pem")) from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

    @contextlib.contextmanager
    def _explained(self, stage: Stage) -> Iterator[None]:
        """Turn errors of the standard library into one sentence and what to do about it."""
        try:
            yield
        except TransportError:
            raise
        except smtplib.SMTPResponseException as error:
            words = error.smtp_error if isinstance(error.smtp_error, bytes) else error.smtp_error.encode()
            raise self._answered(error.smtp_code, words, stage) from error
        except ssl.SSLError as error:
            raise self._error(
                msg("sending.tls-refused", reason=in_words(error)),
                stage,
                is_lasting=not isinstance(error, ssl.SSLEOFError),
                hint=msg("sending.check-certificate"),
            ) from error
        except socket.gaierror as error:
            raise self._error(
                msg("sending.name-not-known", host=self._options.host),
                stage,
                is_lasting=error.errno == socket.EAI_NONAME,
                hint=msg("sending.check-host"),
            ) from error
        except TimeoutError as error:
            raise self._error(
                msg("sending.too-slow"), stage, is_lasting=False, hint=msg("sending.give-it-time")
            ) from error
        except OSError as error:
            reason = in_words(error)
            what = msg("sending.unreachable", reason=reason)
            if stage is Stage.LOGIN:
                what = msg("sending.login-broke", reason=reason)
            hint = msg("sending.check-server")
            if self.is_loopback and isinstance(error, ConnectionRefusedError):
                hint = msg("sending.start-catching")
            raise self._error(what, stage, is_lasting=False, hint=hint) from error

    def _answered(self, code: int, words: bytes, stage: Stage) -> TransportError:
        reply = parse_reply(code, words, stage=stage)
        if stage is Stage.LOGIN:
            hint = msg("sending.check-login") if reply.is_permanent else msg("sending.log-in-later")
            what = msg("sending.login-refused", words=str(reply))
            return self._error(what, stage, is_lasting=reply.is_permanent, hint=hint)
        return self._error(msg("sending.no-mail-now", words=str(reply)), stage, is_lasting=reply.is_permanent)

    def _error(self, what: str, stage: Stage, *, is_lasting: bool = True, hint: str = "") -> TransportError:
        return TransportError(what, where=self.address, hint=hint, stage=stage, is_lasting=is_lasting)


def _own_name(sock: socket.socket) -> str:
    """Return the name for EHLO: this host's, or its address as a literal (RFC 5321 §4.1.3), without asking the DNS."""
    name = socket.gethostname()
    if "." in name and is_ehlo_name(name):
        return name
    address = sock.getsockname()[0].partition("%")[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"
