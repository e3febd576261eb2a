"""The duties that the settings ask for, and that each does what its command does."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mailer.bootstrap import build_services
from mailer.usecases.backing_up import folder_of_backups
from mailer.work.duties import find_duties


def services_with(desk: Any, **settings: str) -> Any:
    environ = {"USER": "kari", **{f"MAILER_WORK__{key.upper()}": value for key, value in settings.items()}}
    return build_services(desk.folder / "workspace" / "config.toml", environ=environ, announce=lambda _: None)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [("backup", timedelta(hours=24))]),
        ({"backup_hours": "6", "purge_days": "30"}, [("backup", timedelta(hours=6)), ("purge", timedelta(days=30))]),
        ({"backup_hours": "0"}, []),
    ],
)
def test_the_settings_say_what_is_done_and_how_often(
    desk: Any, settings: dict[str, str], expected: list[tuple[str, timedelta]]
) -> None:
    services = services_with(desk, **settings)
    assert [(each.name, each.every) for each in find_duties(services)] == expected
    services.close()


def test_notices_are_sent_each_minute_when_the_settings_say_where(desk: Any) -> None:
    config = desk.folder / "workspace" / "config.toml"
    environ = {"USER": "kari", "MAILER_WORK__BACKUP_HOURS": "0", "MAILER_NOTICES__TO": "redaksjon@nyhetsbrev.example"}
    services = build_services(config, environ=environ, announce=lambda _: None)
    (duty,) = find_duties(services)
    assert (duty.name, duty.every) == ("notices", timedelta(minutes=1))
    assert duty.carry_out(services) == ()
    services.close()


def test_a_backup_is_made_and_what_was_kept_long_enough_is_purged(desk: Any) -> None:
    services = services_with(desk, purge_days="1")
    backup, purge = find_duties(services)
    backup.carry_out(services)
    assert [each.suffix for each in Path(folder_of_backups(services)).glob("mailer-*.sqlite3")] == [".sqlite3"]
    purge.carry_out(services)
    assert [each.action for each in services.ledger.log()][-2:] == ["backed_up", "purged"]
    services.close()


@pytest.mark.postgresql
def test_on_postgresql_backups_are_the_servers_matter(desk: Any, emptied_postgresql_database: Any) -> None:
    services = services_with(desk, purge_days="1")
    services.database = emptied_postgresql_database
    assert [each.name for each in find_duties(services)] == ["purge"]
