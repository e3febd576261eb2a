"""Protocols that say what use cases need of the services; those of the bootstrap fulfil all of them.

A use case names the least of these that it can do with, so that its signature says what it reads and changes. They are
not bundles of ready objects: a logo that cannot be read is a finding of `check`, and checking alone makes no keys and
opens no database.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mailer.catalogue import Lang
    from mailer.compose.mail.composer import Composer
    from mailer.compose.publication import Publication
    from mailer.compose.theme import Theme
    from mailer.config.settings import Settings
    from mailer.database.decisions import Operator
    from mailer.database.duties import DutyTimes
    from mailer.database.engine import Database
    from mailer.database.withdrawals import WithdrawalFile
    from mailer.delivery.ledger import Ledger
    from mailer.delivery.ledger.starts import PlannedStarts
    from mailer.delivery.ledger.workers import Workers
    from mailer.editions.store import EditionStore
    from mailer.keys import KeyRing
    from mailer.message.compiled import Sender
    from mailer.notices.outbox import Outbox
    from mailer.rendering.templates import Templates
    from mailer.subscribers.model import Register
    from mailer.subscribers.people.store import SubscriberStore
    from mailer.subscribers.people.suppression import FutureKey
    from mailer.transport.base import Transport


class IssueServices(Protocol):
    """Services for reading and composing issues: files alone."""

    @property
    def settings(self) -> "Settings": ...
    @property
    def clock(self) -> Callable[[], datetime]: ...
    @property
    def register(self) -> "Register": ...
    @property
    def templates(self) -> "Templates": ...
    @property
    def theme(self) -> "Theme": ...
    @property
    def publication(self) -> "Publication": ...
    @property
    def composer(self) -> "Composer": ...
    @property
    def sender(self) -> "Sender": ...


class CheckServices(IssueServices, Protocol):
    """Services for checking an issue, also against its recipients."""

    @property
    def subscribers(self) -> "SubscriberStore": ...


class LedgerServices(Protocol):
    """Services for reading what was sent, and for deciding about it."""

    @property
    def settings(self) -> "Settings": ...
    @property
    def register(self) -> "Register": ...
    @property
    def keys(self) -> "KeyRing": ...
    def has_key(self, key_id: str | None) -> bool: ...
    @property
    def clock(self) -> Callable[[], datetime]: ...
    @property
    def ledger(self) -> "Ledger": ...
    @property
    def starts(self) -> "PlannedStarts": ...


class SendServices(CheckServices, LedgerServices, Protocol):
    """Services for sending."""

    @property
    def transport(self) -> "Transport": ...
    @property
    def editions(self) -> "EditionStore": ...
    def afresh(self) -> IssueServices: ...


class NoticeServices(Protocol):
    """Services for telling the editor what became of mailings."""

    @property
    def settings(self) -> "Settings": ...
    @property
    def clock(self) -> Callable[[], datetime]: ...
    @property
    def interface_lang(self) -> "Lang": ...
    @property
    def outbox(self) -> "Outbox": ...
    @property
    def transport(self) -> "Transport": ...


class WatchServices(Protocol):
    """Services for watching over mailer from outside."""

    @property
    def database(self) -> "Database": ...
    @property
    def clock(self) -> Callable[[], datetime]: ...


class WorkServices(IssueServices, LedgerServices, WatchServices, Protocol):
    """Services for workers."""

    @property
    def workers(self) -> "Workers": ...
    @property
    def duty_times(self) -> "DutyTimes": ...


class SupportServices(WatchServices, Protocol):
    """Services for a report to those who help."""

    @property
    def settings(self) -> "Settings": ...
    @property
    def ledger(self) -> "Ledger": ...


class BackupServices(Protocol):
    """Services for making backups of the database and putting them back."""

    @property
    def settings(self) -> "Settings": ...
    @property
    def clock(self) -> Callable[[], datetime]: ...
    @property
    def operator(self) -> "Operator": ...
    @property
    def database(self) -> "Database": ...
    @property
    def subscribers(self) -> "SubscriberStore": ...
    @property
    def suppression_key(self) -> "FutureKey": ...
    @property
    def withdrawals(self) -> "WithdrawalFile": ...
    @property
    def signing_key_id(self) -> str: ...
    @property
    def secret_keys(self) -> Mapping[str, str]: ...
    def has_key(self, key_id: str) -> bool: ...
    def begin_withdrawals(self) -> None: ...
    def close(self) -> None: ...
