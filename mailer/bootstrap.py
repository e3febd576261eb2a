"""The only wiring: from settings to the services that commands use, each made when it is first asked for.

Imports stand inside the functions: `mailer lists` must not wait for the libraries that compose.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from getpass import getuser
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

from mailer.catalogue import Lang, msg
from mailer.clock import utc_now
from mailer.config import load_settings
from mailer.errors import MailerError
from mailer.private import close_to_others

if TYPE_CHECKING:
    from mailer.compose.mail.composer import Composer
    from mailer.compose.pictures.picture import Picture
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
    from mailer.subscribers.people.withdrawing import WithdrawalKeeper
    from mailer.transport.base import Transport


Made = TypeVar("Made")


class made_once(cached_property[Made]):  # noqa: N801 it is used as the decorator that it stands in for
    """A property of `Services` that is made once, however many threads ask: Python's own has no lock since 3.12."""

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None) -> Made: ...

    def __get__(self, instance: Any, owner: type[Any] | None = None) -> Any:
        if instance is None:
            return self
        with instance.lock:
            return super().__get__(instance, owner)


@dataclass
class Services:
    """Everything that use cases need, for one workspace as its files were when it was asked for; threads may share it.

    One lock for all, which may be taken again: most are made of others.
    """

    settings: "Settings"
    environ: Mapping[str, str]
    clock: Callable[[], datetime] = utc_now
    announce: Callable[[str], None] = print
    lock: RLock = field(default_factory=RLock, init=False, repr=False, compare=False)

    @property
    def interface_lang(self) -> Lang:
        """Return the language in which this workspace speaks to its users."""
        from mailer.config.interface import interface_lang

        return interface_lang(self.settings.interface.lang, self.environ)

    @cached_property
    def operator(self) -> "Operator":
        """Return the user of this command as operator, with the settings as they are written."""
        from mailer.config.written import read_written
        from mailer.database.decisions import Operator

        return Operator(actor=_user(self.environ), settings=read_written(self.settings.file))

    # --- People ---------------------------------------------------------------------------------

    @made_once
    def register(self) -> "Register":
        """The lists that people can be on."""
        from mailer.subscribers.register import read_register

        return read_register(self.settings.paths.subscribers)

    @property
    def has_database(self) -> bool:
        """Return whether there is a database to look into, without opening it."""
        kind, _, file = self.settings.database.url.partition(":///")
        return kind != "sqlite" or Path(file).exists()

    @made_once
    def database(self) -> "Database":
        """The open database, its list table in step with the register."""
        from mailer.database.engine import open_database
        from mailer.subscribers.people.parting import take_in
        from mailer.subscribers.register import sync_lists

        database = open_database(self.settings.database.url, homes=self.settings.database_homes)
        database.take_in = take_in
        database.before_commit = self._withdrawal_keeper
        sync_lists(database, self.register, now=self.clock())
        return database

    @made_once
    def subscribers(self) -> "SubscriberStore":
        """Return the store of subscribers."""
        from mailer.subscribers.people.store import SubscriberStore

        who = self.operator
        return SubscriberStore(
            self.database,
            clock=self.clock,
            suppression_key=self.suppression_key,
            actor=who.actor,
            settings=who.settings,
        )

    @made_once
    def suppression_key(self) -> "FutureKey":
        """The key of suppressed addresses, which is made when the first of them is."""
        from mailer.config.secret_keys import SuppressionKeyFile, new_key
        from mailer.subscribers.people.suppression import FutureKey, SuppressionKeyError

        kept = SuppressionKeyFile(self.settings, self.environ)

        def keep(new: bytes) -> None:
            if kept.make(new):
                self.announce(msg("sending.made-suppression-key", file=kept.file))
            elif kept.read() != new:
                raise SuppressionKeyError(msg("people.key-made-meanwhile"), hint=msg("people.run-it-again"))

        return FutureKey(read=kept.read, keep=keep, new=new_key())

    @property
    def withdrawals(self) -> "WithdrawalFile":
        """Return the file that keeps outside the database who left, was suppressed or was erased."""
        from mailer.database.withdrawals import withdrawal_file

        return withdrawal_file(self.settings.database.url, self.settings.paths.var)

    @made_once
    def _withdrawal_keeper(self) -> "WithdrawalKeeper":
        from mailer.subscribers.people.withdrawing import WithdrawalKeeper

        return WithdrawalKeeper(self.withdrawals, key=self.suppression_key, clock=self.clock)

    def begin_withdrawals(self) -> None:
        """Write down all people that are out by now, where that was never done."""
        if not self.withdrawals.exists:
            with self.database.writing() as connection:
                self._withdrawal_keeper.begin(connection)

    # --- Content --------------------------------------------------------------------------------

    @made_once
    def theme(self) -> "Theme":
        """The colours, fonts and logo in force; raises `MailerError` for colours that cannot be read."""
        from mailer.compose.theme import Theme, require_contrast

        section, shipped = self.settings.theme, Theme()
        fonts = {key: value for key in ("sans", "serif", "mono") if (value := getattr(section, key))}
        light = replace(shipped.light, **{str(name): colour for name, colour in section.light.items()})
        dark = replace(shipped.dark, **{str(name): colour for name, colour in section.dark.items()})
        theme = replace(shipped, light=light, dark=dark, radius=section.radius, logo=self._logo, **fonts)
        require_contrast(theme, where=str(self.settings.file))
        return theme

    @property
    def _logo(self) -> "Picture | None":
        if not self.settings.theme.logo:
            return None
        from mailer.compose.pictures.images import read_logo

        return read_logo(self.settings.folder / self.settings.theme.logo)

    @made_once
    def publication(self) -> "Publication":
        """Return what composing needs to know of the newsletter."""
        from mailer.compose.publication import Helsefellesskap, Publication
        from mailer.issue.model import LongItems
        from mailer.rendering.pages import Pages

        newsletter, web = self.settings.newsletter, self.settings.web
        places = tuple(
            Helsefellesskap(slug=each.slug, short=each.short, region=each.region, place_se=each.place_se)
            for each in self.register.helsefellesskap
        )
        return Publication(
            name=newsletter.name,
            publisher=newsletter.publisher,
            places=places,
            pages=Pages(web.base_url, accessibility=web.accessibility_statement),
            editor=newsletter.editor or newsletter.from_address,
            pictures=newsletter.pictures,
            long_items=LongItems(self.settings.mail.long_items),
            long_item_words=self.settings.mail.long_item_words,
        )

    @made_once
    def templates(self) -> "Templates":
        """The workspace's templates over those that come with mailer."""
        from mailer.rendering.bytecode import open_bytecode
        from mailer.rendering.templates import Templates

        return Templates([self.settings.paths.templates], bytecode=open_bytecode(self.environ))

    @made_once
    def composer(self) -> "Composer":
        """Return the composer of issues."""
        from mailer.compose.mail.composer import Composer

        return Composer(self.templates, theme=self.theme, publication=self.publication)

    @made_once
    def editions(self) -> "EditionStore":
        """Return the store of sent issues for the public pages."""
        from mailer.editions.store import EditionStore

        return EditionStore(self.database, clock=self.clock)

    # --- Sending --------------------------------------------------------------------------------

    @made_once
    def keys(self) -> "KeyRing":
        """The keys that sign tokens, return paths and message ids."""
        from mailer.config.secret_keys import load_key_ring

        keys, created = load_key_ring(self.settings, self.environ)
        if created:
            self.announce(msg("sending.made-keys", file=created))
        return keys

    def has_key(self, key_id: str | None) -> bool:
        """Return whether the keys have the one of this id, or, where it is not known, any; makes none."""
        from mailer.config.secret_keys import has_key_ring

        return has_key_ring(self.settings, self.environ) and (key_id is None or self.keys.has(key_id))

    @property
    def signing_key_id(self) -> str:
        """Return which key signs links by now; empty where none was made."""
        from mailer.config.secret_keys import has_key_ring

        return self.keys.newest_id if has_key_ring(self.settings, self.environ) else ""

    @property
    def secret_keys(self) -> Mapping[str, str]:
        """Return the keys that there are, by the environment variables that may hold them."""
        from mailer.config.secret_keys import read_secret_keys

        return read_secret_keys(self.settings, self.environ)

    @made_once
    def sender(self) -> "Sender":
        """Return the sender of mail, as frozen into each variant."""
        from mailer.message.compiled import Sender

        newsletter, delivery = self.settings.newsletter, self.settings.delivery
        return Sender(
            name=newsletter.from_name or newsletter.publisher,
            address=newsletter.from_address,
            reply_to=newsletter.reply_to,
            list_id=newsletter.list_id,
            list_name=newsletter.name,
            pages=self.publication.pages,
            return_path=delivery.return_path,
            verp=delivery.verp,
        )

    @made_once
    def ledger(self) -> "Ledger":
        """The state of every delivery."""
        from mailer.delivery.ledger import Ledger

        return Ledger(self.database, clock=self.clock, folder=self.settings.paths.var, operator=self.operator)

    @made_once
    def starts(self) -> "PlannedStarts":
        """The starts of mailings by time."""
        from mailer.delivery.ledger.starts import PlannedStarts

        grace = timedelta(minutes=self.settings.delivery.start_grace_minutes)
        return PlannedStarts(self.database, clock=self.clock, operator=self.operator, grace=grace)

    @made_once
    def outbox(self) -> "Outbox":
        """Return the notices to the editor."""
        from mailer.notices.outbox import Outbox

        return Outbox(self.database, clock=self.clock)

    @made_once
    def workers(self) -> "Workers":
        """The workers that are there."""
        from mailer.delivery.ledger.workers import Workers

        return Workers(self.database, clock=self.clock)

    @made_once
    def duty_times(self) -> "DutyTimes":
        """The times of the duties."""
        from mailer.database.duties import DutyTimes

        return DutyTimes(self.database, clock=self.clock)

    @made_once
    def transport(self) -> "Transport":
        """The mail server; refused when it is on another machine while addresses are still placeholders."""
        from mailer.config.passwords import smtp_password
        from mailer.config.settings import placeholders
        from mailer.transport.session import Timeouts
        from mailer.transport.smtp import Security, SmtpOptions, SmtpTransport

        smtp = self.settings.smtp
        timeouts = Timeouts(
            connect=smtp.connect_timeout,
            command=smtp.command_timeout,
            data=smtp.data_timeout,
            body=smtp.body_timeout,
            dot=smtp.dot_timeout,
        )
        transport = SmtpTransport(
            SmtpOptions(
                host=smtp.host,
                port=smtp.port,
                security=Security(smtp.security),
                ehlo_name=smtp.ehlo_name,
                username=smtp.username,
                password=smtp_password(smtp),
                timeouts=timeouts,
            )
        )
        if not transport.is_loopback and (still := placeholders(self.settings)):
            raise MailerError(
                msg("sending.still-placeholders", host=smtp.host, keys=tuple(still)),
                where=str(self.settings.file),
                hint=msg("sending.write-own-addresses"),
            )
        return transport

    def afresh(self) -> "Services":
        """Return services of the same settings, with the lists, templates and logo as they are by now."""
        return Services(settings=self.settings, environ=self.environ, clock=self.clock, announce=self.announce)

    def close(self) -> None:
        """Close the database, if it is open."""
        if "database" in self.__dict__:
            self.database.close()


def build_services(
    config: Path | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    announce: Callable[[str], None] = print,
) -> Services:
    """Read the settings and make the services of their workspace; raises `ConfigError`."""
    environ = os.environ if environ is None else environ
    settings = load_settings(config, environ=environ, cwd=cwd or Path.cwd())
    if not settings.folder.is_relative_to(settings.paths.var) and close_to_others(settings.paths.var):
        announce(msg("settings.var-closed", folder=settings.paths.var))
    services = Services(settings=settings, environ=environ, announce=announce)
    if settings.theme.light or settings.theme.dark:
        _ = services.theme  # refused at once, not when a mailing is due
    return services


def _user(environ: Mapping[str, str]) -> str:
    named = environ.get("USER") or environ.get("USERNAME")
    if named:
        return named
    try:
        return getuser()
    except (OSError, ImportError, KeyError):  # a container's number without a name; no such module on Windows
        return "somebody"
