"""Secrets of settings come from the environment, else from the keyring, else the way to set them is said."""

import sys
from base64 import b64encode
from collections.abc import Callable, Iterator

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail
from keyring.errors import KeyringLocked

from mailer.config.errors import ConfigError
from mailer.config.passwords import smtp_password, webhook_key
from mailer.config.settings import Settings

Load = Callable[..., Settings]


class KeyringInMemory(KeyringBackend):
    """A keyring that lasts as long as the test."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring has no types there
        self.passwords: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise KeyringLocked
        return self.passwords.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.passwords[service, username] = password


@pytest.fixture
def ring() -> Iterator[KeyringInMemory]:
    before, own = keyring.get_keyring(), KeyringInMemory()
    keyring.set_keyring(own)
    yield own
    keyring.set_keyring(before)


@pytest.fixture
def settings(load: Load) -> Settings:
    return load("[smtp]\nhost = 'relay.example'\nusername = 'ola'")


def test_without_a_user_name_there_is_no_password(load: Load) -> None:
    assert smtp_password(load(MAILER_SMTP__PASSWORD="x").smtp) == ""


def test_the_environment_comes_first(load: Load, ring: KeyringInMemory) -> None:
    ring.set_password("mailer", "ola@127.0.0.1", "from the keyring")
    smtp = load(MAILER_SMTP__USERNAME="ola", MAILER_SMTP__PASSWORD="from the environment").smtp
    assert smtp_password(smtp) == "from the environment"


def test_then_the_keyring(settings: Settings, ring: KeyringInMemory) -> None:
    ring.set_password("mailer", "ola@relay.example", "from the keyring")
    assert smtp_password(settings.smtp) == "from the keyring"


@pytest.mark.usefixtures("ring")
def test_a_password_that_is_nowhere_is_missed_with_what_to_do(settings: Settings) -> None:
    with pytest.raises(ConfigError, match="MAILER_SMTP__PASSWORD") as caught:
        smtp_password(settings.smtp)
    assert "keyring set mailer ola@relay.example" in caught.value.hint


def test_a_locked_keyring_is_said_to_be_locked(settings: Settings, ring: KeyringInMemory) -> None:
    ring.locked = True
    with pytest.raises(ConfigError, match="Unlock"):
        smtp_password(settings.smtp)


def test_a_machine_without_any_keyring_has_no_password_there(settings: Settings) -> None:
    before = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())  # type: ignore[no-untyped-call]  # as above
    try:
        with pytest.raises(ConfigError, match="MAILER_SMTP__PASSWORD"):
            smtp_password(settings.smtp)
    finally:
        keyring.set_keyring(before)


def test_without_the_extra_the_environment_is_the_way(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConfigError, match="MAILER_SMTP__PASSWORD"):
        smtp_password(settings.smtp)


# --- The webhook's key ------------------------------------------------------------------------------

KEY = "k" * 24


def test_the_webhooks_key_comes_from_the_environment_then_from_the_keyring(load: Load, ring: KeyringInMemory) -> None:
    ring.set_password("mailer", "webhook@hook.example", "r" * 24)
    url = "[notices]\nwebhook = 'https://hook.example:8443/x?y'"
    assert webhook_key(load(url).notices) == b"r" * 24
    assert webhook_key(load(url, MAILER_NOTICES__WEBHOOK_SECRET=KEY).notices) == KEY.encode()


def test_a_key_in_the_form_of_standard_webhooks_is_decoded(load: Load) -> None:
    secret = "whsec_" + b64encode(bytes(range(24))).decode()
    assert webhook_key(load(MAILER_NOTICES__WEBHOOK_SECRET=secret).notices) == bytes(range(24))


@pytest.mark.parametrize(
    "secret", ["k" * 23, "whsec_" + b64encode(bytes(23)).decode(), "whsec_kkk", "whsec_" + "é" * 40]
)
def test_a_key_that_is_too_short_or_cannot_be_read_is_refused_without_showing_it(load: Load, secret: str) -> None:
    notices = load("[notices]\nwebhook = 'https://hook.example/'", MAILER_NOTICES__WEBHOOK_SECRET=secret).notices
    with pytest.raises(ConfigError) as caught:
        webhook_key(notices)
    assert str(caught.value) == (
        "[notices] webhook_secret: the webhook's key is no key of at least 24 characters\n"
        "Set the environment variable MAILER_NOTICES__WEBHOOK_SECRET, or store it with "
        "`keyring set mailer webhook@hook.example`."
    )


@pytest.mark.usefixtures("ring")
def test_without_a_key_nothing_is_signed(load: Load) -> None:
    with pytest.raises(ConfigError) as caught:
        webhook_key(load("[notices]\nwebhook = 'https://hook.example/'").notices)
    assert str(caught.value) == (
        "[notices] webhook_secret: there is no key to sign for the webhook with\n"
        "Set the environment variable MAILER_NOTICES__WEBHOOK_SECRET, or store it with "
        "`keyring set mailer webhook@hook.example`."
    )


def test_a_locked_keyring_is_said_to_be_locked_for_the_webhook_too(load: Load, ring: KeyringInMemory) -> None:
    ring.locked = True
    with pytest.raises(ConfigError, match="Unlock") as caught:
        webhook_key(load("[notices]\nwebhook = 'https://hook.example/'").notices)
    assert caught.value.where == "[notices] webhook_secret"
