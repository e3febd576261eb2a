"""The settings: one class per section of config.toml, every key with its meaning and its default."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator

from mailer.catalogue import msg
from mailer.config.hosts import is_loopback
from mailer.config.values import (
    BaseUrl,
    DatabaseUrl,
    EhloName,
    EmailAddress,
    Folder,
    Fonts,
    Host,
    Hosts,
    InterfaceLang,
    LineOfText,
    ListId,
    OptionalAddress,
    OptionalPage,
    Reasons,
    Recipients,
    ReturnPathAddress,
    Secret,
    ThemeColours,
    Title,
    WebhookUrl,
    WindowOfTheWeek,
    Zone,
)
from mailer.languages import DEFAULT_LANG, Lang
from mailer.wall_clock import NORWAY


class SettingsSection(BaseModel):
    """A section of config.toml. Types are strict: `"587"` is no number and `true` is no number."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", validate_default=True, hide_input_in_errors=True
    )


class NewsletterSection(SettingsSection):
    """The newsletter's name, sender and addresses."""

    name: Title = Field(description="The newsletter's name, as readers see it.")
    publisher: Title = Field(default="Helsedirektoratet", description="Who publishes it.")
    lang: Lang = Field(default=DEFAULT_LANG, description="Language where nothing else says one.")
    from_name: LineOfText = Field(
        default="", description="Name beside the sender's address; empty for the publisher's."
    )
    from_address: EmailAddress = Field(description="The sender's address; somebody must read what comes to it.")
    reply_to: OptionalAddress = Field(default="", description="Where answers go; empty for the sender's address.")
    list_id: ListId = Field(description="Identifies the newsletter to mail programs (RFC 2919); never change it.")
    editor: OptionalAddress = Field(
        default="", description="Where contributions and questions go; empty for the sender's address."
    )
    pictures: Literal["embedded", "linked"] = Field(
        default="embedded", description="Whether mails carry their pictures or link to the web version for them."
    )
    test_recipients: Recipients = Field(
        default=(), description="Who may get test-sends: addresses, or whole domains with @ in front."
    )

    def may_test(self, address: str) -> bool:
        """Say whether a test-send may go to this address."""
        wanted = address.casefold()
        names = {each.casefold() for each in self.test_recipients}
        return wanted in names or "@" + wanted.rpartition("@")[2] in names


class MailSection(SettingsSection):
    """The part of an issue that mails show."""

    long_items: Literal["whole", "lead"] = Field(
        default="whole",
        description="Whether mails have long items whole, or their lead with a link to the rest on the web.",
    )
    long_item_words: Annotated[int, Field(ge=60, le=10_000)] = Field(
        default=120, description="An item of more words is long."
    )


class SmtpSection(SettingsSection):
    """The mail server that mail is handed to."""

    host: Host = Field(default="127.0.0.1", description="The mail server.")
    port: Annotated[int, Field(ge=1, le=65535)] = Field(
        default=587, description="Its port: 587 with starttls, 465 with tls; `mailer catch` listens on 8025."
    )
    security: Literal["none", "starttls", "tls"] = Field(
        default="starttls", description="Encryption; none is allowed only on this machine."
    )
    ehlo_name: EhloName = Field(
        default="", description="Name of this machine for the mail server (EHLO); empty for its host name or address."
    )
    username: LineOfText = Field(default="", description="User name at the mail server; empty to send without login.")
    password: Secret = Field(
        default=SecretStr(""), description="Its password; never in config.toml, only from the environment or keyring."
    )
    connections: Annotated[int, Field(ge=1, le=50)] = Field(
        default=3, description="Connections at the same time; Microsoft 365 allows three for each mailbox."
    )
    messages_per_minute: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        default=0, description="The most messages a minute the server takes; 0 for no limit."
    )
    messages_per_connection: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=100, description="Messages after which a connection is closed and opened anew."
    )
    connect_timeout: Annotated[int, Field(ge=1, le=600)] = Field(
        default=30, description="Seconds to wait for a connection."
    )
    command_timeout: Annotated[int, Field(ge=1, le=3600)] = Field(
        default=300, description="Seconds to wait for the answer to a command."
    )
    data_timeout: Annotated[int, Field(ge=1, le=3600)] = Field(
        default=120, description="Seconds to wait for the answer to DATA."
    )
    body_timeout: Annotated[int, Field(ge=1, le=3600)] = Field(
        default=180, description="Seconds the server may take no byte of a message."
    )
    dot_timeout: Annotated[int, Field(ge=1, le=3600)] = Field(
        default=600, description="Seconds to wait for the answer to a whole message."
    )

    @field_validator("security")
    @classmethod
    def _none_stays_here(cls, security: str, info: ValidationInfo) -> str:
        if security == "none" and not is_loopback(info.data.get("host", "")):
            raise ValueError(msg("settings.only-here-unencrypted"))
        return security


class DatabaseSection(SettingsSection):
    """The place of subscribers and deliveries."""

    url: DatabaseUrl = Field(
        default="sqlite:///var/mailer.sqlite3",
        description="The database: a SQLite file, or PostgreSQL when several machines send.",
        repr=False,
    )


class DeliverySection(SettingsSection):
    """The time at which mail goes out, and the treatment of deliveries that do not go smoothly."""

    in_doubt: Literal["hold", "retry"] = Field(
        default="hold",
        description="When nobody knows whether a mail arrived: hold it for a person, or retry once and risk two.",
    )
    expire_after_hours: Annotated[int, Field(ge=1, le=720)] = Field(
        default=48, description="Hours after which a deferred delivery is given up."
    )
    return_path: ReturnPathAddress = Field(description="Where servers return mail that cannot be delivered.")
    verp: bool = Field(
        default=True,
        description="Give each delivery a return path of its own, to tell returned mail apart.",
    )
    time_zone: Zone = Field(default=NORWAY, description="Time zone of planned starts and of the window.")
    window: WindowOfTheWeek = Field(
        default="", description="Days and hours in which mail goes out, as mon-fri 07:00-17:00; empty for any time."
    )
    start_grace_minutes: Annotated[int, Field(ge=1, le=1440)] = Field(
        default=30, description="Minutes by which a planned start may be late; after that a person is asked."
    )
    regret_seconds: Annotated[int, Field(ge=0, le=600)] = Field(
        default=0, description="Seconds before the first mail of a mailing that is sent at once: time to cancel it."
    )


class NoticesSection(SettingsSection):
    """The ways in which the editor is told of what became of a mailing."""

    to: OptionalAddress = Field(
        default="",
        description="Who gets a mail when a mailing is finished, paused, missed or in doubt; or nobody.",
    )
    webhook: WebhookUrl = Field(
        default="", description="Address that is told of the same with a signed POST; empty for none."
    )
    webhook_secret: Secret = Field(
        default=SecretStr(""),
        description="Key of its signature; never in config.toml, as the mail server's password.",
    )
    private_hosts: Hosts = Field(
        default=(), description="Hosts that the webhook may lead to although their address is private."
    )


class WebSection(SettingsSection):
    """The public pages."""

    base_url: BaseUrl = Field(description="Address of the public pages that mails link to.")
    accessibility_statement: OptionalPage = Field(
        default="", description="The accessibility statement that mails and pages link to; public bodies must have one."
    )


class RetentionSection(SettingsSection):
    """The time for which `mailer subscribers purge` keeps what the newsletter no longer needs."""

    unconfirmed_days: Annotated[int, Field(ge=1, le=365)] = Field(
        default=7, description="Days after which people who never confirmed are deleted."
    )
    delivery_months: Annotated[int, Field(ge=1, le=120)] = Field(
        default=12, description="Months after which deliveries lose address and server's answer."
    )


class WorkSection(SettingsSection):
    """The duties that `mailer work` carries out by itself."""

    backup_hours: Annotated[int, Field(ge=0, le=8760)] = Field(
        default=24, description="Hours from one backup of the SQLite database to the next; 0 for none."
    )
    purge_days: Annotated[int, Field(ge=0, le=366)] = Field(
        default=0, description="Days from one `mailer subscribers purge` to the next; 0 for none."
    )


class ThemeSection(SettingsSection):
    """The look. A key that is not set is as shipped."""

    sans: Fonts = Field(default="", description="Fonts of text and labels.")
    serif: Fonts = Field(default="", description="Fonts of names, titles and quotes.")
    mono: Fonts = Field(default="", description="Fonts of addresses and codes.")
    logo: LineOfText = Field(
        default="", description="Picture in the masthead instead of the publisher's name, from the workspace's folder."
    )
    radius: Annotated[int, Field(ge=0, le=24)] = Field(
        default=4, description="Corner radius of buttons and badges in pixels."
    )
    light: ThemeColours = Field(default={}, description="Colours by token, light.")
    dark: ThemeColours = Field(default={}, description="Colours by token, dark.")


class CheckSection(SettingsSection):
    """Rules that `mailer check` leaves out, and hosts that it warns of."""

    off: Reasons = Field(default={}, description="Rules switched off, each with the reason.")
    inside: Hosts = Field(
        default=(), description="Hosts that only colleagues can open, with all below them, besides those it knows."
    )


class InterfaceSection(SettingsSection):
    """The language in which mailer speaks to its users."""

    lang: InterfaceLang = Field(
        default="", description="Language of the terminal and the preview; empty for that of the terminal's locale."
    )


class PreviewSection(SettingsSection):
    """The page that shows an issue while it is written."""

    poll: bool = Field(
        default=False, description="Look at the files each second, for drives that do not tell when one is saved."
    )


class PathsSection(SettingsSection):
    """The folders of the workspace."""

    issues: Folder = Field(default=Path("issues"), description="One folder per newsletter issue.")
    templates: Folder = Field(default=Path("templates"), description="Templates that replace the shipped ones.")
    subscribers: Folder = Field(default=Path("subscribers"), description="The register of lists, and files to import.")
    build: Folder = Field(default=Path("build"), description="What `mailer compose` writes.")
    var: Folder = Field(
        default=Path("var"), description="Database, keys, caught mail: private; `mailer backup` copies the database."
    )


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All sections, the file they come from, and where each value was set. Paths are absolute."""

    newsletter: NewsletterSection
    mail: MailSection
    smtp: SmtpSection
    database: DatabaseSection
    delivery: DeliverySection
    notices: NoticesSection
    web: WebSection
    retention: RetentionSection
    work: WorkSection
    theme: ThemeSection
    check: CheckSection
    interface: InterfaceSection
    preview: PreviewSection
    paths: PathsSection
    file: Path
    origins: Mapping[tuple[str, str], str] = field(default_factory=dict, repr=False)

    @property
    def folder(self) -> Path:
        """The workspace: the folder of config.toml."""
        return self.file.parent

    @property
    def database_homes(self) -> tuple[Path, ...]:
        """Return the folders that are made for a new database; any other must be there, or its name is mistyped."""
        return self.paths.var, self.folder / "var"

    def origin(self, section: str, key: str) -> str:
        """Return where a value comes from: `config.toml:12`, `environment` or `default`."""
        return self.origins.get((section, key)) or msg("settings.default")


SECTIONS: Mapping[str, type[SettingsSection]] = {
    "newsletter": NewsletterSection,
    "mail": MailSection,
    "smtp": SmtpSection,
    "database": DatabaseSection,
    "delivery": DeliverySection,
    "notices": NoticesSection,
    "web": WebSection,
    "retention": RetentionSection,
    "work": WorkSection,
    "theme": ThemeSection,
    "check": CheckSection,
    "interface": InterfaceSection,
    "preview": PreviewSection,
    "paths": PathsSection,
}


def placeholders(settings: Settings) -> list[str]:
    """Name the keys that still hold an address under `.example`: no mail may leave this machine while any does."""
    hosts = {
        "[newsletter] from_address": settings.newsletter.from_address.rpartition("@")[2],
        "[delivery] return_path": settings.delivery.return_path.rpartition("@")[2],
        "[web] base_url": urlsplit(settings.web.base_url).hostname or "",
    }
    return [key for key, host in hosts.items() if host.lower().endswith(".example")]
