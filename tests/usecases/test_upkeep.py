"""A database is brought up to date where the settings say."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from mailer.config import load_settings
from mailer.database.engine import open_database
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


@pytest.mark.postgresql
def test_on_postgresql_the_queue_is_made_too(tmp_path: Path, postgresql_server: Any) -> None:
    init_workspace(tmp_path / "workspace")
    with postgresql_server.database() as url:
        settings = load_settings(
            tmp_path / "workspace" / "config.toml", environ={"MAILER_DATABASE__URL": url}, cwd=tmp_path
        )
        upgrade_database(settings)
        database = open_database(url)
        with database.reading() as connection:
            found = connection.execute(text("SELECT count(*) FROM mailer_queue.pgqueuer")).scalar_one()
        database.close()
    assert found == 0
