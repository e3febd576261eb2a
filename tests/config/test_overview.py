"""Every key can be shown, with where it was set and without its secrets, and is explained in the file and the docs."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mailer.compose.theme import Palette
from mailer.config import load_settings
from mailer.config.overview import SettingEntry, overview
from mailer.config.settings import SECTIONS, Settings
from mailer.config.values import TOKENS

Load = Callable[..., Settings]
SECRET = "hemmelig7Zq"


def entries(settings: Settings) -> dict[str, SettingEntry]:
    return {f"{each.section}.{each.key}": each for each in overview(settings)}


def test_every_key_is_shown_with_where_it_was_set(load: Load) -> None:
    shown = entries(load("[smtp]\nport = 25\n", MAILER_NEWSLETTER__TEST_RECIPIENTS="@x.example"))
    assert len(shown) == sum(len(model.model_fields) for model in SECTIONS.values())
    assert (shown["smtp.port"].value, shown["smtp.port"].origin) == (25, "config.toml:10")
    assert (shown["smtp.host"].value, shown["smtp.host"].origin) == ("127.0.0.1", "default")
    assert shown["newsletter.test_recipients"].value == ["@x.example"]
    assert shown["newsletter.test_recipients"].origin == "environment"
    assert shown["paths.issues"].value == "issues"
    assert shown["smtp.password"].value == ""


def test_a_path_elsewhere_is_shown_whole(load: Load, tmp_path: Path) -> None:
    elsewhere = tmp_path.parent / "elsewhere"
    assert entries(load(MAILER_PATHS__VAR=str(elsewhere)))["paths.var"].value == elsewhere.as_posix()


def test_an_overview_can_be_written_as_json(load: Load) -> None:
    values = [each.value for each in overview(load(MAILER_THEME__LIGHT='{"ink": "#000000"}'))]
    assert json.loads(json.dumps(values)) == values


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"postgresql://a:{SECRET}@b:5/c", "postgresql+psycopg://a:••••••@b:5/c"),
        (f"postgresql://a:x@{SECRET}@b/c", "postgresql+psycopg://a:••••••@b/c"),
        (f"postgresql:///c?host=/run&password={SECRET}", "postgresql+psycopg:///c?host=/run&password=••••••"),
        ("postgresql://a@b/c?sslmode=require", "postgresql+psycopg://a@b/c?sslmode=require"),
    ],
)
def test_passwords_are_masked(load: Load, url: str, shown: str) -> None:
    settings = load(MAILER_SMTP__PASSWORD=SECRET, MAILER_DATABASE__URL=url)
    found = entries(settings)
    assert found["database.url"].value == shown
    assert found["smtp.password"].value == "••••••"
    assert SECRET not in repr(list(found.values()))


@pytest.mark.parametrize("url", ["https://hook.example/T0/hemmelig7Zq", "https://hook.example:8443?sig=hemmelig7Zq"])
def test_of_a_webhook_the_host_alone_is_shown(load: Load, url: str) -> None:
    found = entries(load(MAILER_NOTICES__WEBHOOK=url, MAILER_NOTICES__WEBHOOK_SECRET=SECRET * 3))
    assert found["notices.webhook"].value == "https://hook.example/••••••"
    assert found["notices.webhook_secret"].value == "••••••"
    assert entries(load())["notices.webhook"].value == ""
    assert SECRET not in repr(list(found.values()))


# --- The shipped file and the documentation ---------------------------------------------------------


@pytest.fixture
def shipped(repository: Path) -> Settings:
    return load_settings(environ={}, cwd=repository)


def test_the_shipped_file_works_with_mailer_catch(shipped: Settings, repository: Path) -> None:
    assert (shipped.smtp.host, shipped.smtp.port, shipped.smtp.security) == ("127.0.0.1", 8025, "none")
    assert shipped.paths.issues == repository / "issues"


def test_the_shipped_file_shows_every_key_with_a_comment(shipped: Settings, repository: Path) -> None:
    lines = (repository / "config.toml").read_text("utf-8").splitlines()
    tables = [line for line in lines if re.match(r"\[[a-z.]+\]$", line)]
    keys = {match[1] for line in lines if (match := re.match(r"(?:# )?([a-z_]+) = ", line))}
    for each in overview(shipped):
        assert each.key in keys or f"[{each.section}.{each.key}]" in tables, each
    starts = [number for number, line in enumerate(lines) if re.match(r"[a-z_]+ = ", line)]
    assert all(lines[number - 1].startswith("#") or number - 1 in starts for number in starts)


def test_the_documentation_has_every_key(shipped: Settings, repository: Path) -> None:
    page = (repository / "docs" / "reference" / "configuration.md").read_text("utf-8")
    for each in overview(shipped):
        row = next(
            (line for line in page.splitlines() if line.startswith(f"| `{each.key}` |") and each.variable in line), ""
        )
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert cells[1:3] == [each.meaning, each.allowed], f"[{each.section}] {each.key}"
    for token in TOKENS:
        assert f"| `{token}` |" in page


def test_the_tokens_of_the_theme_are_those_that_mails_are_drawn_with() -> None:
    assert set(TOKENS) == set(Palette().tokens)
