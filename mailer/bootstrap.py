"""The only wiring: from settings to the services that commands use, each made when it is first asked for.

Imports stand inside the functions: `mailer lists` must not wait for the libraries that compose.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING

from mailer.config import load_settings
from mailer.errors import MailerError

if TYPE_CHECKING:
    from mailer.compose.composer import Composer
    from mailer.compose.picture import Picture
    from mailer.compose.publication import Publication
    from mailer.compose.theme import Theme
    from mailer.config.settings import Settings
    from mailer.database.decisions import Operator
    from mailer.database.engine import Database
    from mailer.delivery.ledger import Ledger
    from mailer.issue.source import IssueReading
    from mailer.keys import KeyRing
    from mailer.message.compiled import Sender
    from mailer.rendering.templates import Templates
    from mailer.subscribers.model import Register
    from mailer.subscribers.store import SubscriberStore
    from mailer.transport.base import Transport


def utc_now() -> datetime:
    """The system's clock."""
    return datetime.now(UTC)


@dataclass
class Services:
    """Everything that commands use, for one workspace."""

    settings: "Settings"
    environ: Mapping[str, str]
    clock: Callable[[], datetime] = utc_now
    announce: Callable[[str], None] = print

    @cached_property
    def operator(self) -> "Operator":
        """Who runs this command, with the settings as they are written."""
        from mailer.config.written import read_written
        from mailer.database.decisions import Operator

        return Operator(actor=_user(self.environ), settings=read_written(self.settings.file))

    # --- People ---------------------------------------------------------------------------------

    @cached_property
    def register(self) -> "Register":
        """The lists that people can be on."""
        from mailer.subscribers.register import read_register

        return read_register(self.settings.paths.subscribers)

    @cached_property
    def database(self) -> "Database":
        """The open database, its list table in step with the register."""
        from mailer.database.engine import open_database
        from mailer.subscribers.register import sync_lists

        database = open_database(self.settings.database.url)
        sync_lists(database, self.register, now=self.clock())
        return database

    @cached_property
    def subscribers(self) -> "SubscriberStore":
        """Subscribers and their subscriptions."""
        from mailer.config.secret_keys import load_suppression_key
        from mailer.subscribers.store import SubscriberStore

        def key() -> bytes:
            key, created = load_suppression_key(self.settings, self.environ)
            if created:
                self.announce(f"Made {created}: back it up, it keeps people who want to be forgotten from coming back.")
            return key

        who = self.operator
        return SubscriberStore(
            self.database, clock=self.clock, suppression_key=key, actor=who.actor, settings=who.settings
        )

    # --- Content --------------------------------------------------------------------------------

    @cached_property
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
        from mailer.compose.images import read_logo

        return read_logo(self.settings.folder / self.settings.theme.logo)

    @cached_property
    def publication(self) -> "Publication":
        """What composing knows of the newsletter."""
        from mailer.compose.publication import Place, Publication
        from mailer.rendering.pages import Pages

        newsletter = self.settings.newsletter
        places = tuple(
            Place(slug=each.slug, short=each.short, region=each.region, place_se=each.place_se)
            for each in self.register.helsefellesskap
        )
        return Publication(
            name=newsletter.name,
            publisher=newsletter.publisher,
            places=places,
            pages=Pages(self.settings.web.base_url),
            editor=newsletter.editor or newsletter.from_address,
            pictures=newsletter.pictures,
        )

    @cached_property
    def templates(self) -> "Templates":
        """The workspace's templates over those that come with mailer."""
        from mailer.rendering.bytecode import open_bytecode
        from mailer.rendering.templates import Templates

        return Templates([self.settings.paths.templates], bytecode=open_bytecode(self.environ))

    @cached_property
    def composer(self) -> "Composer":
        """Composes issues."""
        from mailer.compose.composer import Composer

        return Composer(self.templates, theme=self.theme, publication=self.publication)

    def read_issue(self, slug: str) -> "IssueReading":
        """Read an issue's folder; raises `MailerError` when there is none of that name."""
        from mailer.issue.source import find_issue, read_issue

        folder = find_issue(self.settings.paths.issues, slug)
        known = [each.slug for each in self.register.helsefellesskap]
        return read_issue(folder, helsefellesskap=known, publisher=self.settings.newsletter.publisher)

    # --- Sending --------------------------------------------------------------------------------

    @cached_property
    def keys(self) -> "KeyRing":
        """The keys that sign tokens, return paths and message ids."""
        from mailer.config.secret_keys import load_key_ring

        keys, created = load_key_ring(self.settings, self.environ)
        if created:
            self.announce(f"Made {created}: back it up, links in mail that was sent are signed with it.")
        return keys

    @cached_property
    def sender(self) -> "Sender":
        """Who mail is from, as frozen into each variant."""
        from mailer.message.compiled import Sender

        newsletter, delivery = self.settings.newsletter, self.settings.delivery
        return Sender(
            name=newsletter.from_name or newsletter.name,
            address=newsletter.from_address,
            reply_to=newsletter.reply_to,
            list_id=newsletter.list_id,
            list_name=newsletter.name,
            pages=self.publication.pages,
            return_path=delivery.return_path,
            verp=delivery.verp,
        )

    @cached_property
    def ledger(self) -> "Ledger":
        """The state of every delivery."""
        from mailer.delivery.ledger import Ledger

        return Ledger(self.database, clock=self.clock, folder=self.settings.paths.var, operator=self.operator)

    @cached_property
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
                username=smtp.username,
                password=smtp_password(smtp),
                timeouts=timeouts,
            )
        )
        if not transport.is_loopback and (still := placeholders(self.settings)):
            raise MailerError(
                f"{smtp.host} is a real mail server, but {' and '.join(still)} still end in .example",
                where=str(self.settings.file),
                hint="Write your own addresses there first; until then mail goes only to a server on this machine.",
            )
        return transport

    def close(self) -> None:
        """Give back what is open."""
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
