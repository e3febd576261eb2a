"""Settings come from config.toml and the environment; what is wrong is named with file, key and what is allowed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mailer.config import load_settings
from mailer.config.errors import ConfigError
from mailer.config.settings import Settings, placeholders

MINIMAL = """\
[newsletter]
name = "Prøvebrev"
from_address = "redaksjon@brev.example"
list_id = "prove.brev.example"
[delivery]
return_path = "b@brev.example"
[web]
base_url = "https://brev.example"
"""

Load = Callable[..., Settings]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def load(extra: str = "", *, base: str = MINIMAL, **environ: str) -> Settings:
        (tmp_path / "config.toml").write_text(base + extra, encoding="utf-8")
        return load_settings(environ=environ, cwd=tmp_path)

    return load


def refusal(load: Load, extra: str = "", **environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(extra, **environ)
    return str(caught.value)


def test_the_nearest_file_upwards_is_found(load: Load, tmp_path: Path) -> None:
    load()
    below = tmp_path / "issues" / "2023-12"
    below.mkdir(parents=True)
    settings = load_settings(environ={}, cwd=below)
    assert settings.folder == tmp_path.resolve()
    assert settings.paths.issues == tmp_path.resolve() / "issues"
    assert settings.database.url == f"sqlite:///{(tmp_path.resolve() / 'var/mailer.sqlite3').as_posix()}"


def test_what_is_not_written_has_its_default(load: Load) -> None:
    settings = load()
    assert (settings.smtp.security, settings.smtp.connections, settings.smtp.dot_timeout) == ("starttls", 4, 600)
    assert settings.delivery.in_doubt == "hold"
    assert settings.origin("smtp", "port") == "default"


def test_a_number_in_quotes_is_no_number(load: Load) -> None:
    message = refusal(load, '[smtp]\nport = "587"\n')
    assert message == "config.toml:10: [smtp] port: the value is not allowed\nAllowed: a whole number from 1 to 65535."


def test_an_environment_string_is_converted(load: Load) -> None:
    settings = load(MAILER_SMTP__PORT="2525", MAILER_DELIVERY__VERP="false")
    assert (settings.smtp.port, settings.delivery.verp) == (2525, False)
    assert settings.origin("smtp", "port") == "environment"


def test_placeholder_addresses_are_named(load: Load) -> None:
    assert placeholders(load()) == ["[newsletter] from_address", "[delivery] return_path", "[web] base_url"]
