"""A database is brought up to date where the settings say."""

from pathlib import Path

import pytest

from mailer.config import load_settings
from mailer.database.failures import DatabaseError
from mailer.usecases.creation import init_workspace
from mailer.usecases.upkeep import recover_database, upgrade_database


def test_the_folder_of_a_database_is_made_in_the_workspace_and_nowhere_beside_it(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    init_workspace(workspace)
    mistyped = {"MAILER_DATABASE__URL": f"sqlite:///{tmp_path}/vra/mailer.sqlite3"}
    with pytest.raises(DatabaseError, match=f"no database is there, nor the folder {tmp_path}/vra"):
        upgrade_database(load_settings(workspace / "config.toml", environ=mistyped, cwd=tmp_path))
    settings = load_settings(workspace / "config.toml", environ={}, cwd=tmp_path)
    upgrade_database(settings)
    assert (workspace / "var" / "mailer.sqlite3").exists()
    assert not recover_database(settings), "no process was killed"
