"""Secrets that settings need: from the environment, or from the system's keyring when the extra is installed."""

import binascii
from base64 import b64decode
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mailer.catalogue import msg
from mailer.config.errors import ConfigError

if TYPE_CHECKING:
    from mailer.config.settings import NoticesSection, SmtpSection

SERVICE = "mailer"
_PREFIX = "whsec_"
_SHORTEST_KEY = 24


def smtp_password(smtp: "SmtpSection") -> str:
    """Return the password of `[smtp] username`; empty when there is no user name.

    In the keyring it is stored by `keyring set mailer USER@HOST`. Raises `ConfigError` when it is nowhere.
    """
    if not smtp.username:
        return ""
    where, name = "[smtp] password", f"{smtp.username}@{smtp.host}"
    password = smtp.password.get_secret_value() or _from_keyring(name, where=where)
    if not password:
        raise ConfigError(
            msg("settings.no-password", user=smtp.username, host=smtp.host),
            where=where,
            hint=msg("settings.set-password", command=f"keyring set {SERVICE} {name}"),
        )
    return password


def webhook_key(notices: "NoticesSection") -> bytes:
    """Return the key that signs what goes to `[notices] webhook`: text, or `whsec_` and base64 (Standard Webhooks).

    In the keyring it is stored by `keyring set mailer webhook@HOST`. Raises `ConfigError` when it is nowhere or too
    short.
    """
    where, name = "[notices] webhook_secret", f"webhook@{urlsplit(notices.webhook).hostname}"
    secret = notices.webhook_secret.get_secret_value() or _from_keyring(name, where=where)
    hint = msg("settings.set-webhook-secret", command=f"keyring set {SERVICE} {name}")
    if not secret:
        raise ConfigError(msg("settings.no-webhook-secret"), where=where, hint=hint)
    if len(key := _decoded(secret)) < _SHORTEST_KEY:
        raise ConfigError(msg("settings.webhook-secret-too-short", number=_SHORTEST_KEY), where=where, hint=hint)
    return key


def _decoded(secret: str) -> bytes:
    """Return the bytes of a secret; none where it cannot be read."""
    if not secret.startswith(_PREFIX):
        return secret.encode()
    try:
        return b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _from_keyring(name: str, *, where: str) -> str:
    try:
        import keyring  # noqa: PLC0415 an extra, and slow to import
        from keyring.errors import KeyringError, NoKeyringError  # noqa: PLC0415 as above
    except ImportError:
        return ""
    try:
        return keyring.get_password(SERVICE, name) or ""
    except NoKeyringError:
        return ""
    except KeyringError as error:
        what, hint = msg("settings.keyring-closed"), msg("settings.unlock-keyring")
        raise ConfigError(what, where=where, hint=hint) from error
