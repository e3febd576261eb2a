import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import cached_property
from pathlib import Path
from threading import Barrier

import pytest

from mailer.bootstrap import Services, build_services
from mailer.current_services import CurrentServices
from mailer.errors import MailerError
from mailer.transport.session import Timeouts
from mailer.transport.smtp import Security, SmtpOptions, SmtpTransport
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


def test_the_server_is_spoken_to_as_the_settings_say(folder: Path) -> None:
    given = {
        "PORT": "2525",
        "EHLO_NAME": "ut.helse.example",
        "USERNAME": "avsender",
        "PASSWORD": "hemmelig",
        "CONNECT_TIMEOUT": "11",
        "COMMAND_TIMEOUT": "12",
        "DATA_TIMEOUT": "13",
        "BODY_TIMEOUT": "14",
        "DOT_TIMEOUT": "15",
    }
    transport = build(folder, **{f"MAILER_SMTP__{name}": value for name, value in given.items()}).transport
    assert isinstance(transport, SmtpTransport)
    assert transport._options == SmtpOptions(
        host="127.0.0.1",
        port=2525,
        security=Security.NONE,
        ehlo_name="ut.helse.example",
        username="avsender",
        password="hemmelig",
        timeouts=Timeouts(connect=11, command=12, data=13, body=14, dot=15),
    )


def test_threads_that_ask_at_once_get_the_same_services(folder: Path) -> None:
    names = [name for name, each in vars(Services).items() if isinstance(each, cached_property)]
    services, start = build(folder), Barrier(8)

    def ask(turn: int) -> dict[str, int]:
        start.wait()
        return {name: id(getattr(services, name)) for name in (*names[turn:], *names[:turn])}

    with ThreadPoolExecutor(8) as pool:
        first, *others = pool.map(ask, range(8))
    services.close()
    assert {"composer", "database", "keys", "transport"} <= set(names)
    assert all(each == first for each in others)


def test_a_service_is_made_while_no_other_thread_makes_one(folder: Path) -> None:
    """Python 3.11 would wait by itself; the lock is what makes 3.12 wait."""
    services = build(folder)
    with ThreadPoolExecutor(1) as pool:
        with services.lock:
            asked = pool.submit(lambda: services.register)
            with pytest.raises(TimeoutError):
                asked.result(timeout=0.05)
        assert asked.result() is services.register


@pytest.fixture
def current(folder: Path) -> Iterator[CurrentServices]:
    with closing(CurrentServices(lambda: build(folder))) as made:
        yield made


def test_services_stay_the_same_while_their_files_do(folder: Path, current: CurrentServices) -> None:
    services = current()
    os.utime(folder / "config.toml", (1, 1))
    (folder / "issues" / "notes.md").write_text("x", encoding="utf-8")
    assert current() is services


@pytest.mark.parametrize("name", ["config.toml", "subscribers/helsefellesskap.toml", "templates/web/site.css.j2"])
def test_services_are_made_anew_when_one_of_their_files_is_saved(
    name: str, folder: Path, current: CurrentServices
) -> None:
    services = current()
    (folder / name).write_text((folder / name).read_text("utf-8") + "\n", encoding="utf-8")
    assert current() is not services
    assert current() is current()


def test_a_list_of_ones_own_that_is_new_is_seen(folder: Path, current: CurrentServices) -> None:
    file = folder / "subscribers" / "own-lists.toml"
    file.unlink(missing_ok=True)
    assert current().register.find("ny") is None
    file.write_text('[[list]]\nslug = "ny"\nshort = "Ny"\nname_nb = "Ny"\nname_nn = "Ny"\n', encoding="utf-8")
    assert current().register.find("ny")


def test_settings_that_cannot_be_read_are_said_each_time_until_they_can(folder: Path, current: CurrentServices) -> None:
    config = folder / "config.toml"
    good = config.read_text("utf-8")
    config.write_text("[theme", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(MailerError, match=r"config\.toml"):
            current()
    config.write_text(good + "\n", encoding="utf-8")
    assert current().settings.theme.radius
