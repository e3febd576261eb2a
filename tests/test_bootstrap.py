from pathlib import Path

import pytest

from mailer.bootstrap import Services, build_services
from mailer.errors import MailerError
from mailer.usecases.creation import init_workspace


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    init_workspace(tmp_path / "workspace")
    return tmp_path / "workspace"


def build(folder: Path, **environ: str) -> Services:
    return build_services(environ=environ, cwd=folder, announce=lambda _: None)


def test_nothing_is_made_before_it_is_asked_for(folder: Path) -> None:
    build(folder).close()
    assert not (folder / "var").exists()


def test_keys_are_made_once_and_named(folder: Path) -> None:
    said: list[str] = []
    for _ in range(2):
        services = build_services(environ={}, cwd=folder, announce=said.append)
        assert services.keys.keys
        services.close()
    assert len(said) == 1
    assert "back it up" in said[0]


def test_the_theme_is_the_shipped_one_with_what_the_workspace_changed(folder: Path) -> None:
    config = folder / "config.toml"
    text = config.read_text("utf-8").replace('# ink = "#14252A"', 'ink = "#123456"').replace("radius = 4", "radius = 7")
    config.write_text(text, encoding="utf-8")
    theme = build(folder, MAILER_THEME__SANS="Arial").theme
    assert (theme.light.ink, theme.radius, theme.sans) == ("#123456", 7, "Arial")
    assert theme.light.mast


def test_a_real_server_is_refused_while_addresses_are_placeholders(folder: Path) -> None:
    services = build(folder, MAILER_SMTP__HOST="relay.test", MAILER_SMTP__SECURITY="starttls")
    with pytest.raises(MailerError, match=r"relay\.test is a real mail server.*\.example"):
        services.transport  # noqa: B018 asking is what refuses


def test_a_server_on_this_machine_is_allowed_as_it_stands(folder: Path) -> None:
    assert build(folder).transport.is_loopback
