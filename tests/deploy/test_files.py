"""The files of `deploy/` name what the product has: commands, options, settings, files, times and bounds."""

import re
import shlex
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from mailer.cli.app import app
from mailer.config.environment import OWN_NAMES, variable_name
from mailer.config.settings import SECTIONS, SmtpSection
from mailer.service_manager import ALIVE_SECONDS
from mailer.web.connections import GRACE_SECONDS, LEAVE_SECONDS
from mailer.web.exchange import Patience
from mailer.web.turns import ALIVE

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
VARIABLES = {variable_name(section, key) for section, model in SECTIONS.items() for key in model.model_fields}
LONGEST_ANSWER = SmtpSection().dot_timeout
SECONDS = {"": 1, "s": 1, "m": 60, "min": 60}


def seconds(text: str) -> int:
    found = re.fullmatch(r"(\d+)\s*([a-z]*)", text)
    assert found is not None, text
    return int(found[1]) * SECONDS[found[2]]


def must_exist(words: list[str]) -> str:
    """Find a command with its options; returns its name."""
    command: Any = get_command(app)
    name, rest = "mailer", list(words)
    while hasattr(command, "commands"):
        command = command.commands[rest.pop(0)]
        name = command.name
    command = command.load()
    command.make_context(name, rest, resilient_parsing=False)
    return str(name)


def must_be_known(variables: Iterator[str] | list[str]) -> None:
    unknown = {each for each in variables if each.startswith("MAILER_")} - VARIABLES - set(OWN_NAMES)
    assert unknown == set()


# --- the image --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def image() -> list[tuple[str, str]]:
    """The instructions, each with what follows it."""
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Containerfile").read_text("utf-8"), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(words[0], words[2]) for words in (each.partition(" ") for each in lines if each)]


def values(image: list[tuple[str, str]], name: str) -> list[str]:
    return [rest for instruction, rest in image if instruction == name]


def test_the_image_has_any_base_and_no_secret_is_needed_to_build_it(image: list[tuple[str, str]]) -> None:
    (argument,) = values(image, "ARG")
    assert re.fullmatch(r"BASE=[a-z]+:[\w.-]+", argument), "a name without a host"
    assert values(image, "FROM") == ["${BASE} AS build", "${BASE}"]
    assert not any("--mount" in rest for _, rest in image)


def test_the_image_runs_commands_that_are_there_as_somebody_who_may_do_nothing_else(
    image: list[tuple[str, str]],
) -> None:
    (user,), (entry,), (command,) = (values(image, each) for each in ("USER", "ENTRYPOINT", "CMD"))
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)
    assert yaml.safe_load(entry) == ["mailer"]
    assert must_exist(yaml.safe_load(command)) == "serve"
    must_be_known([each.partition("=")[0] for rest in values(image, "ENV") for each in rest.split()])


def test_the_health_that_the_image_asks_for_is_answered_at_the_port_of_serve(image: list[tuple[str, str]]) -> None:
    (asked,), (exposed,) = values(image, "HEALTHCHECK"), values(image, "EXPOSE")
    (port,) = [each.default for each in get_command(app).commands["serve"].load().params if each.name == "port"]  # type: ignore[attr-defined]  # a group of Typer's
    assert f"'http://127.0.0.1:{port}{ALIVE}'" in asked
    assert exposed == str(port)


def test_all_that_the_wheel_needs_is_copied_and_no_workspace_with_it(image: list[tuple[str, str]]) -> None:
    copied = [word for rest in values(image, "COPY") if "--from" not in rest for word in rest.split()[:-1]]
    assert {".", "./", "subscribers", "issues", "var"}.isdisjoint(copied)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    wanted = {*wheel["packages"], *wheel["force-include"], *project["project"]["license-files"]}
    wanted |= {"pyproject.toml", "hatch_build.py", project["project"]["readme"]}
    assert wanted - {"subscribers"} - set(copied) == set()
    files = [each.relative_to(ROOT).as_posix() for each in (ROOT / "subscribers").iterdir()]
    shipped = [each for each in files if each.endswith(".toml") or "/example-" in each]
    assert [each for each in shipped if not any(fnmatch(each, pattern) for pattern in copied)] == []
    assert not any(fnmatch("subscribers/everybody.csv", pattern) for pattern in copied)


# --- compose ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def text() -> str:
    return (DEPLOY / "compose.yaml").read_text("utf-8")


@pytest.fixture(scope="module")
def services(text: str) -> dict[str, Any]:
    """The services that run mailer."""
    read: dict[str, Any] = yaml.safe_load(text)["services"]
    return {name: each for name, each in read.items() if each["image"] == "mailer"}


def test_the_services_run_commands_that_are_there(services: dict[str, Any]) -> None:
    commands = [must_exist(each["command"]) for each in services.values() if "command" in each]
    assert sorted(commands) == ["catch", "upgrade", "work", "work"]
    assert [name for name, each in services.items() if "command" not in each] == ["web"]
    for each in services.values():
        must_be_known(list(each["environment"]))


def test_every_service_is_shut_in(services: dict[str, Any]) -> None:
    for each in services.values():
        assert (each["read_only"], each["cap_drop"], each["tmpfs"]) == (True, ["ALL"], ["/tmp"])
        assert each["security_opt"] == ["no-new-privileges:true"]
        assert all(port.startswith("127.0.0.1:") for port in each.get("ports", []))
        assert each["build"] == {"context": "..", "dockerfile": "deploy/Containerfile"}


def test_workers_are_given_the_time_to_finish_what_is_in_hand(services: dict[str, Any]) -> None:
    workers = [each for each in services.values() if "work" in each.get("command", [])]
    assert len(workers) == 2
    assert {seconds(each["stop_grace_period"]) for each in workers} == {LONGEST_ANSWER + 60}
    assert {each["network_mode"] for each in workers} == {"service:relay"}, "the relay listens on loopback alone"
    assert seconds(services["web"]["stop_grace_period"]) > GRACE_SECONDS + LEAVE_SECONDS


def test_no_password_stands_in_the_file_and_those_it_wants_are_in_the_example(text: str) -> None:
    wanted = set(re.findall(r"\$\{([A-Z_]+)", text))
    example = (DEPLOY / "secrets.env.example").read_text("utf-8")
    assert set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE)) == wanted
    passwords = re.findall(r"^.*PASSWORD: (.*)$", text, re.MULTILINE)
    assert len(passwords) == 3
    assert all(each.startswith("${") for each in passwords)
    assert "/deploy/secrets.env\n" in (ROOT / ".gitignore").read_text("utf-8")


# --- systemd ----------------------------------------------------------------------------------------


def read_unit(file: Path) -> dict[str, list[str]]:
    found = defaultdict[str, list[str]](list)
    for line in file.read_text("utf-8").splitlines():
        if re.match(r"[A-Z]\w+=", line):
            name, _, value = line.partition("=")
            found[name].append(value)
    return found


@pytest.mark.parametrize("file", UNITS, ids=lambda each: each.name)
def test_a_unit_runs_a_command_that_is_there_and_tells_systemd_how_it_is(file: Path) -> None:
    unit = read_unit(file)
    (start,) = unit["ExecStart"]
    program, *words = shlex.split(start)
    assert program == "/opt/mailer/bin/mailer"
    assert f"mailer-{must_exist(words)}.service" == file.name
    assert (unit["Type"], unit["Restart"]) == (["notify"], ["always"])
    (patience,) = unit["WatchdogSec"]
    assert seconds(patience) >= 6 * ALIVE_SECONDS


@pytest.mark.parametrize("file", UNITS, ids=lambda each: each.name)
def test_a_unit_reads_and_writes_the_workspace_that_it_is_given(file: Path) -> None:
    unit = read_unit(file)
    variables = dict(each.split("=") for line in unit["Environment"] for each in line.split())
    must_be_known(list(variables))
    (state,), (cache,), (user,) = unit["StateDirectory"], unit["CacheDirectory"], unit["User"]
    assert variables["MAILER_CONFIG"] == f"/var/lib/{state}/config.toml"
    assert unit["WorkingDirectory"] == [f"/var/lib/{state}"]
    assert f"{variables['XDG_CACHE_HOME']}/mailer" == f"/var/cache/{cache}"
    assert f'\nu {user} - "{user}" /var/lib/{state}\n' in (DEPLOY / "systemd" / "mailer.sysusers").read_text("utf-8")


def test_units_give_the_time_that_the_settings_say_and_never_break_off_a_sender() -> None:
    work, serve = (read_unit(DEPLOY / "systemd" / f"mailer-{each}.service") for each in ("work", "serve"))
    assert [seconds(each) for each in work["TimeoutStopSec"]] == [LONGEST_ANSWER + 60]
    assert work["WatchdogSignal"] == ["SIGTERM"]
    assert "KillMode" not in work, "senders are asked to end, too, when their worker is gone"
    assert seconds(serve["TimeoutStopSec"][0]) > GRACE_SECONDS + LEAVE_SECONDS


def test_both_units_are_shut_in_alike() -> None:
    own = {"Description", "ExecStart", "TimeoutStopSec", "WatchdogSec", "WatchdogSignal", "IPAddressDeny"}
    work, serve = ({k: v for k, v in read_unit(each).items() if k not in own | {"IPAddressAllow"}} for each in UNITS)
    assert work == serve
    assert len(work) > 30


# --- web servers ------------------------------------------------------------------------------------


def bounds_of_nginx() -> dict[str, str]:
    text = (DEPLOY / "nginx.conf").read_text("utf-8")
    return dict(re.findall(r"^\s+(\w+) ([^;\n]+);$", text, re.MULTILINE))


def bounds_of_caddy() -> dict[str, str]:
    text = (DEPLOY / "Caddyfile").read_text("utf-8")
    return dict(re.findall(r"^\t+(\w+) ([^{\n]+?)(?: \{)?$", text, re.MULTILINE))


def kibibytes(text: str) -> int:
    number = re.fullmatch(r"(?:(\d+) )?(\d+)(?:k|KiB)", text)
    assert number is not None, text
    return int(number[1] or 1) * int(number[2])


def test_both_web_servers_have_the_same_bounds() -> None:
    nginx, caddy = bounds_of_nginx(), bounds_of_caddy()
    times = {
        "read_header": "client_header_timeout",
        "read_body": "client_body_timeout",
        "write": "send_timeout",
        "idle": "keepalive_timeout",
        "dial_timeout": "proxy_connect_timeout",
        "response_header_timeout": "proxy_read_timeout",
    }
    assert {each: caddy[each] for each in times} == {each: nginx[other] for each, other in times.items()}
    sizes = {"max_header_size": "large_client_header_buffers", "max_size": "client_max_body_size"}
    assert {each: kibibytes(caddy[each]) for each in sizes} == {each: kibibytes(nginx[sizes[each]]) for each in sizes}
    assert f"http://{caddy['reverse_proxy']}" == nginx["proxy_pass"]


def test_the_bounds_are_those_of_mailer_itself() -> None:
    caddy, own = bounds_of_caddy(), Patience()
    assert [seconds(caddy[each]) for each in ("read_header", "read_body", "write")] == [own.head, own.body, own.answer]


def test_no_web_server_logs_the_addresses_of_leave_pages() -> None:
    """They hold the readers' tokens."""
    nginx = (DEPLOY / "nginx.conf").read_text("utf-8")
    assert re.findall(r"access_log (\w+);", nginx) == ["off"] * nginx.count("server {")
    assert re.findall(r"error_log \S+ (\w+);", nginx) == ["crit"]
    caddy = (DEPLOY / "Caddyfile").read_text("utf-8")
    assert re.findall(r"^\s*log\b.*$", caddy, re.MULTILINE) == ["\tlog default {"]
    assert bounds_of_caddy()["exclude"] == "http.log http.handlers"
