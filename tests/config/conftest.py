"""A workspace of one config.toml, and the settings read from it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mailer.config import load_settings
from mailer.config.settings import Settings

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


@pytest.fixture
def minimal() -> str:
    """What must be written; eight lines."""
    return MINIMAL


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Settings]:
    """Write the least that must be written and something more, and read it under an environment."""

    def load(extra: str = "", /, *, base: str = MINIMAL, **environ: str) -> Settings:
        (tmp_path / "config.toml").write_text(base + extra, encoding="utf-8")
        return load_settings(environ=environ, cwd=tmp_path)

    return load
