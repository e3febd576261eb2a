"""The mail server's password: from the environment, or from the system's keyring when the extra is installed."""

from typing import TYPE_CHECKING

from mailer.catalogue import msg
from mailer.config.errors import ConfigError

if TYPE_CHECKING:
    from mailer.config.settings import SmtpSection

SERVICE = "mailer"


def smtp_password(smtp: "SmtpSection") -> str:
    """Return the password of `[smtp] username`; empty when there is no user name.

    In the keyring it is stored by `keyring set mailer USER@HOST`. Raises `ConfigError` when it is nowhere.
    """
    if not smtp.username:
        return ""
    password = smtp.password.get_secret_value() or _from_keyring(f"{smtp.username}@{smtp.host}")
    if not password:
        raise ConfigError(
            msg("settings.no-password", user=smtp.username, host=smtp.host),
            where="[smtp] password",
            hint=msg("settings.set-password", command=f"keyring set {SERVICE} {smtp.username}@{smtp.host}"),
        )
    return password


def _from_keyring(name: str) -> str:
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
        raise ConfigError(what, where="[smtp] password", hint=hint) from error
