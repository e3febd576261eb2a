"""Settings come from config.toml and the environment; what is wrong is named with file, key and what is allowed.

Reading goes by `locating`, `document`, `environment` and `settings`, whose keys are of the types in `values`; it
fails with `errors`.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mailer.config import load_settings
from mailer.config.document import read_document
from mailer.config.errors import ConfigError, WrongFileError
from mailer.config.settings import SECTIONS, Settings, placeholders

Load = Callable[..., Settings]

MARK = "hemmelig7Zq"


def refusal(load: Load, extra: str = "", /, **given: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(extra, **given)
    return str(caught.value)


# --- Which file -------------------------------------------------------------------------------------


def test_the_nearest_file_upwards_is_found_and_paths_start_there(load: Load, tmp_path: Path) -> None:
    load()
    below = tmp_path / "issues" / "2023-12"
    below.mkdir(parents=True)
    found = load_settings(environ={}, cwd=below)
    assert found.folder == tmp_path.resolve()
    assert found.paths.issues == tmp_path.resolve() / "issues"
    assert found.database.url == f"sqlite:///{(tmp_path.resolve() / 'var/mailer.sqlite3').as_posix()}"


def test_a_named_file_wins_over_the_environment_and_that_over_the_nearest(
    load: Load, tmp_path: Path, minimal: str
) -> None:
    load()
    for name in ("a", "b"):
        (tmp_path / f"{name}.toml").write_text(minimal.replace("Prøvebrev", name), encoding="utf-8")
    environ = {"MAILER_CONFIG": "a.toml"}
    assert load_settings(environ={}, cwd=tmp_path).newsletter.name == "Prøvebrev"
    assert load_settings(environ=environ, cwd=tmp_path).newsletter.name == "a"
    assert load_settings(Path("b.toml"), environ=environ, cwd=tmp_path).newsletter.name == "b"


def test_no_file_anywhere_points_to_init(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="mailer init"):
        load_settings(environ={}, cwd=tmp_path)


def test_a_named_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"other\.toml: there is no such file"):
        load_settings(Path("other.toml"), environ={}, cwd=tmp_path)


def test_a_folder_in_the_place_of_the_file_leads_to_the_file_in_it(load: Load, tmp_path: Path) -> None:
    load()
    (tmp_path / "empty").mkdir()
    for folder, hint in (
        (tmp_path, f"Did you mean {tmp_path / 'config.toml'}?"),
        (tmp_path / "empty", "Name a config"),
    ):
        with pytest.raises(WrongFileError, match="this is a folder") as refused:
            load_settings(folder, environ={}, cwd=tmp_path)
        assert hint in refused.value.hint


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the file cannot be read"):
        read_document(tmp_path)


# --- Values -----------------------------------------------------------------------------------------


def test_what_is_not_written_has_its_default(load: Load) -> None:
    found = load()
    assert (found.smtp.security, found.smtp.connections, found.smtp.dot_timeout) == ("starttls", 3, 600)
    assert found.delivery.in_doubt == "hold"
    assert (found.delivery.time_zone, found.delivery.window) == ("Europe/Oslo", "")
    assert (found.delivery.start_grace_minutes, found.delivery.regret_seconds) == (30, 0)
    assert found.origin("smtp", "port") == "default"


def test_the_origin_of_each_value_is_known(load: Load) -> None:
    found = load("[smtp]\nhost = 'relay.example'\n\nport = 25 # gammel\n", MAILER_SMTP__PORT="2525")
    assert found.origin("newsletter", "name") == "config.toml:2"
    assert found.origin("smtp", "host") == "config.toml:10"
    assert found.origin("smtp", "port") == "environment"
    assert found.smtp.port == 2525


def test_the_line_is_known_for_tables_written_in_any_way(load: Load, minimal: str) -> None:
    dotted = 'smtp = { port = 25 }\n"theme".light."ink" = "#000000"\ntheme.dark.ink = "#FFFFFF"\n'
    found = load(base=dotted + minimal)
    lines = [
        found.origin(*key) for key in (("smtp", "port"), ("theme", "light"), ("theme", "dark"), ("web", "base_url"))
    ]
    assert lines == ["config.toml:1", "config.toml:2", "config.toml:3", "config.toml:11"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Et\\tbrev", "U+0009 tab"),
        ("Et\u2028brev", "U+2028 line separator"),
        ("Et\\nbrev", "U+000A line feed"),
        ("Et\u202ebrev", "U+202E right-to-left override"),
        ("\u200b", "nothing can be seen of it (U+200B zero width space)"),
        ("\xa0\xad", "nothing can be seen of it (U+00A0 no-break space)"),
    ],
)
@pytest.mark.parametrize("key", ["name", "publisher", "from_name"])
def test_what_may_not_stand_on_a_line_is_named(load: Load, minimal: str, key: str, name: str, words: str) -> None:
    base = re.sub(rf"(?m)^{key} = .*\n", "", minimal).replace("[newsletter]", f'[newsletter]\n{key} = "{name}"')
    with pytest.raises(ConfigError, match=re.escape(words)) as refused:
        load(base=base)
    assert refused.value.where == "config.toml:2"


def test_environment_strings_become_what_the_key_holds(load: Load) -> None:
    found = load(
        MAILER_SMTP__PORT=" 2525 ",
        MAILER_DELIVERY__VERP="False",
        MAILER_NEWSLETTER__TEST_RECIPIENTS="kari@x.example, @y.example",
        MAILER_THEME__LIGHT='{"ink": "#000000"}',
        mailer_smtp__username="ola",
        MAILER_PATHS__VAR="/srv/var",
    )
    assert (found.smtp.port, found.delivery.verp, found.smtp.username) == (2525, False, "ola")
    assert found.newsletter.test_recipients == ("kari@x.example", "@y.example")
    assert found.theme.light == {"ink": "#000000"}
    assert found.paths.var == Path("/srv/var").absolute()
    as_json = load(MAILER_NEWSLETTER__TEST_RECIPIENTS='["kari@x.example"]')
    assert as_json.newsletter.test_recipients == ("kari@x.example",)


def test_hosts_are_names_without_https(load: Load) -> None:
    assert load().check.inside == ()
    assert load('[check]\ninside = ["kvalitet.kommune.no", "sak", "10.0.0.5"]').check.inside == (
        "kvalitet.kommune.no",
        "sak",
        "10.0.0.5",
    )
    assert load(MAILER_CHECK__INSIDE="sak,a.no").check.inside == ("sak", "a.no")
    for wrong in ("https://sak", "sak/1", ".no", "", "*.no"):
        with pytest.raises(ConfigError) as refused:
            load(f'[check]\ninside = ["{wrong}"]')
        assert refused.value.where.startswith("config.toml:")
        assert refused.value.hint == 'Allowed: a list of hosts without https://, as ["kvalitet.kommune.no", "sak"].'


def test_names_that_are_not_ours_to_judge_are_left_alone(load: Load) -> None:
    found = load(
        MAILER_TEST_POSTGRESQL_URL="x", MAILER_SECRET_KEYS="y", MAILERX="z", HOME="/", MAILER_SUPPRESSION_KEY="k"
    )
    assert found == load()


def test_the_postgresql_driver_is_the_one_that_comes_with_the_extra(load: Load) -> None:
    assert load(MAILER_DATABASE__URL="postgresql://a:b@c/d").database.url == "postgresql+psycopg://a:b@c/d"
    assert load('[database]\nurl = "sqlite:///:memory:"').database.url == "sqlite:///:memory:"


def test_settings_cannot_be_changed(load: Load) -> None:
    with pytest.raises(ValueError, match="frozen"):
        load().smtp.port = 1  # type: ignore[misc]  # frozen is what is tested


# --- What is refused --------------------------------------------------------------------------------


PORTS = "Allowed: a whole number from 1 to 65535."
SECURITIES = "Allowed: none, starttls or tls."
NOT_ALLOWED = "the value is not allowed"


@pytest.mark.parametrize(
    ("written", "what", "hint"),
    [
        ('[smtp]\nport = "587"', f"10: [smtp] port: {NOT_ALLOWED}", PORTS),
        ("[smtp]\nport = true", f"10: [smtp] port: {NOT_ALLOWED}", PORTS),
        ("[smtp]\nport = 25.0", f"10: [smtp] port: {NOT_ALLOWED}", PORTS),
        ("[smtp]\nport = 70000", f"10: [smtp] port: {NOT_ALLOWED}", PORTS),
        ("[smtp]\nsecurity = 'ssl'", f"10: [smtp] security: {NOT_ALLOWED}", SECURITIES),
        (
            "[smtp]\nhost = 'relay.example'\nsecurity = 'none'",
            "11: [smtp] security: sending without encryption is allowed only to this machine",
            SECURITIES,
        ),
        ("[smtp]\nprot = 25", "10: [smtp] has no key prot", "Did you mean port?"),
        ("[smpt]\nport = 25", "9: there is no section [smpt]", "Did you mean [smtp]?"),
        ("[[smtp]]\nport = 25", "9: smtp is a section", "Write [smtp] on a line of its own."),
        ("[theme.light]\nlinc = '#000000'", "10: [theme.light] has no token linc", "Did you mean link?"),
        ("[theme]\nradius = -1", f"10: [theme] radius: {NOT_ALLOWED}", "Allowed: a whole number from 0 to 24."),
        (
            "[database]\nurl = 'mysql://x/y'",
            f"10: [database] url: {NOT_ALLOWED}",
            "Allowed: sqlite:///FILE or postgresql://USER@HOST/NAME (with a password only from the environment).",
        ),
        (
            "[paths]\nvar = ''",
            "10: [paths] var: a path is text in quotes",
            "Allowed: a folder, from the folder of config.toml or absolute.",
        ),
        (
            "[zzz]",
            "9: there is no section [zzz]",
            f"Allowed: {', '.join(f'[{name}]' for name in SECTIONS)}.",
        ),
    ],
)
def test_one_error_names_file_line_key_and_what_is_allowed(load: Load, written: str, what: str, hint: str) -> None:
    assert refusal(load, written) == f"config.toml:{what}\n{hint}"


def test_when_mail_goes_out_is_told_by_a_zone_and_a_window_that_can_be_read(load: Load) -> None:
    found = load(MAILER_DELIVERY__TIME_ZONE="Europe/Helsinki", MAILER_DELIVERY__WINDOW="mon-fri 07:00-17:00").delivery
    assert (found.time_zone, found.window) == ("Europe/Helsinki", "mon-fri 07:00-17:00")
    with pytest.raises(ConfigError) as no_zone:
        load(MAILER_DELIVERY__TIME_ZONE="Oslo")
    assert no_zone.value.what == "[delivery] time_zone: there is no time zone of this name"
    assert no_zone.value.hint == "Allowed: the name of a time zone, as Europe/Oslo."
    with pytest.raises(ConfigError) as no_window:
        load(MAILER_DELIVERY__WINDOW="man-fre 07-17")
    assert no_window.value.what == "[delivery] window: this does not say from when to when"
    assert no_window.value.hint == "Allowed: days and hours, as mon-fri 07:00-17:00, or empty."


@pytest.mark.parametrize(
    "url",
    [
        "http://brev.example",
        "https://brev.example/",
        "https://u@brev.example",
        "https://b.example?x=1",
        "ftp://127.0.0.1",
        "https://[::1",
        "https://[brev]",
        "https://",
        "https://å.no",
        "https://brev.example/>",
        "brev",
    ],
)
def test_pages_need_https_and_no_slash_at_the_end(load: Load, minimal: str, url: str) -> None:
    message = refusal(load, base=minimal.replace("https://brev.example", url))
    assert message.startswith("config.toml:8: [web] base_url: ")
    assert url not in message.partition("\n")[0]


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:80", "https://x.no/brev"])
def test_pages_on_this_machine_do_without(load: Load, minimal: str, url: str) -> None:
    assert load(base=minimal.replace("https://brev.example", url)).web.base_url == url


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "LOCALHOST", "::1", "[::1]"])
def test_this_machine_needs_no_encryption(load: Load, host: str) -> None:
    assert load(f"[smtp]\nhost = '{host}'\nsecurity = 'none'").smtp.security == "none"


def test_a_key_that_must_be_written_is_missed(load: Load, minimal: str) -> None:
    message = refusal(load, base=minimal.replace('name = "Prøvebrev"', ""))
    assert message == "config.toml:1: [newsletter] name is missing\nAllowed: text on one line, not empty."


def test_a_key_outside_every_section_is_refused(load: Load, minimal: str) -> None:
    assert refusal(load, base=f"port = 25\n{minimal}").startswith("config.toml:1: the key port stands in no section\n")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("MAILER_SMTTP__PORT", "Did you mean MAILER_SMTP__PORT?"),
        ("MAILER_SMTP_PORT", "Did you mean MAILER_SMTP__PORT?"),
        ("mailer_smtp__hots", "Did you mean MAILER_SMTP__HOST?"),
        ("MAILER_SECRET_KEY", "Did you mean MAILER_SECRET_KEYS?"),
        ("MAILER_Q", "`mailer config show` lists all settings."),
    ],
)
def test_an_unknown_variable_is_refused_with_the_nearest_name(load: Load, name: str, hint: str) -> None:
    assert refusal(load, **{name: MARK}) == f"environment variable {name}: there is no such setting\n{hint}"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("MAILER_SMTP__PORT", "+-5"),
        ("MAILER_SMTP__PORT", "9" * 5000),
        ("MAILER_DELIVERY__VERP", "perhaps"),
        ("MAILER_THEME__DARK", "{" * 5000),
        ("MAILER_NEWSLETTER__TEST_RECIPIENTS", "[" * 100_000),
        ("MAILER_NEWSLETTER__NAME", ""),
    ],
)
def test_a_variable_that_does_not_fit_is_named(load: Load, name: str, text: str) -> None:
    assert refusal(load, **{name: text}).startswith(f"environment variable {name}: ")


def test_broken_toml_is_named_with_its_line(load: Load, tmp_path: Path) -> None:
    message = refusal(load, "[smtp]\nport 25\n")
    assert message.startswith(f"{tmp_path.resolve() / 'config.toml'}:10: the file is not valid TOML: ")


def test_another_encoding_is_named_with_its_line(load: Load, tmp_path: Path, minimal: str) -> None:
    load()
    (tmp_path / "config.toml").write_bytes(minimal.encode("cp1252"))
    with pytest.raises(ConfigError, match=r"config\.toml:2: the file is not UTF-8\nSave it again"):
        load_settings(environ={}, cwd=tmp_path)


def test_a_byte_order_mark_does_no_harm(tmp_path: Path, minimal: str) -> None:
    (tmp_path / "config.toml").write_bytes(b"\xef\xbb\xbf" + minimal.encode())
    assert load_settings(environ={}, cwd=tmp_path).newsletter.name == "Prøvebrev"


# --- Secrets ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "variable"),
    [
        (f'[smtp]\npassword = "{MARK}"', "MAILER_SMTP__PASSWORD"),
        ("[smtp]\npassword = 7", "MAILER_SMTP__PASSWORD"),
        (f'[database]\nurl = "postgresql://a:{MARK}@b/c"', "MAILER_DATABASE__URL"),
        (f'[database]\nurl = "postgresql:///c?password={MARK}"', "MAILER_DATABASE__URL"),
    ],
)
def test_a_password_in_the_file_is_refused_and_not_shown(load: Load, written: str, variable: str) -> None:
    message = refusal(load, written)
    assert message.startswith("config.toml:10: ")
    assert "a password must not stand in config.toml" in message
    assert variable in message
    assert MARK not in message


def test_a_password_from_the_environment_is_taken_and_never_printed(load: Load) -> None:
    found = load(MAILER_SMTP__PASSWORD=MARK, MAILER_DATABASE__URL=f"postgresql://a:{MARK}@b/c")
    assert found.smtp.password.get_secret_value() == MARK
    assert MARK not in repr(found)


secret_values = [
    MARK,
    f"mysql://a:{MARK}@b",
    f'{{"ink": "{MARK}"}}',
    f"http://{MARK}",
    f"postgresql://[{MARK}",
    f"https://[{MARK}]",
]


@pytest.mark.parametrize("value", secret_values)
@pytest.mark.parametrize(
    "key", ["SMTP__PORT", "SMTP__HOST", "DATABASE__URL", "WEB__BASE_URL", "THEME__LIGHT", "NEWSLETTER__LIST_ID"]
)
def test_no_message_shows_what_was_written(load: Load, key: str, value: str) -> None:
    try:
        load(**{f"MAILER_{key}": value})
    except ConfigError as error:
        assert MARK not in str(error)  # noqa: PT017 some of the pairs are allowed


# --- Whatever is written ----------------------------------------------------------------------------

scalars = st.one_of(
    st.text(max_size=20).map(lambda text: repr(text).replace("'", '"')),
    st.integers().map(str),
    st.sampled_from(
        ["true", "1e9", "[]", "{}", "2023-12-14", '["a", 1]', "nan", "{a = 1}", "[[", "9" * 5000, "[" * 3000]
    ),
)
keys = st.sampled_from(
    ["port", "host", "password", "url", "light", "light.ink", "issues", "verp", "name", "x", '"a b"']
)
tables = st.sampled_from(["smtp", "database", "theme", "theme.light", "paths", "delivery", "newsletter", "x", "[smtp]"])
documents = st.lists(st.tuples(tables, keys, scalars), max_size=4).map(
    lambda rows: "\n".join(f"[{table}]\n{key} = {value}" for table, key, value in rows)
)


@given(documents | st.text())
@example('[database]\nurl = "postgresql://["')
@example("[smtp.port]\nx = 1")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_written_is_read_or_refused_in_words(load: Load, written: str) -> None:
    try:
        found = load(written.encode("utf-8", "replace").decode())
    except ConfigError as error:
        assert "config.toml" in str(error)  # noqa: PT017 most are refused, some are not
    else:
        assert found.newsletter.name == "Prøvebrev"


# --- What the settings say --------------------------------------------------------------------------


def test_placeholder_addresses_are_named(load: Load, minimal: str) -> None:
    assert placeholders(load()) == ["[newsletter] from_address", "[delivery] return_path", "[web] base_url"]
    real = minimal.replace("redaksjon@brev.example", "redaksjon@brev.invalid").replace(
        "b@brev.example", "b@brev.invalid"
    )
    assert placeholders(load(base=real)) == ["[web] base_url"]


def test_test_sends_go_only_to_people_and_domains_on_the_list(load: Load) -> None:
    newsletter = load(MAILER_NEWSLETTER__TEST_RECIPIENTS="Kari@x.example,@y.example").newsletter
    assert newsletter.may_test("kari@X.example")
    assert newsletter.may_test("hvem.som.helst@Y.example")
    assert not newsletter.may_test("ola@x.example")
    assert not newsletter.may_test("ola@z.y.example")
    assert not load().newsletter.may_test("kari@x.example")


# --- The webhook ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://hook.example",
        "https://hook.example:8443/a/b?c=d&sig=%2Fx",
        "https://intern/",
        "https://10.0.0.8/x",
        "https://hook.example?x",
        "https://hook.example:65535/",
    ],
)
def test_a_webhook_is_an_https_address(load: Load, url: str) -> None:
    assert load(f"[notices]\nwebhook = '{url}'").notices.webhook == url


@pytest.mark.parametrize(
    "url",
    [
        "http://hook.example/",
        "hook.example",
        "https://",
        "https://a:b@hook.example/",
        "https://hook.example:0/",
        "https://hook.example:65536/",
        "https://hook.example/a b",
        "https://hook.example/æ",
        "https://hook.example/a\\u000ab",
        "https://[::1]/",
    ],
)
def test_what_is_no_https_address_is_no_webhook(load: Load, url: str) -> None:
    message = refusal(load, f'[notices]\nwebhook = "{url}"')
    assert message.startswith("config.toml:10: [notices] webhook: ")
    assert message.endswith("Allowed: an https:// address, or empty.")


def test_a_port_that_is_none_is_called_no_webhook(load: Load) -> None:
    for port in ("0", "65536"):
        told = refusal(load, f"[notices]\nwebhook = 'https://hook.example:{port}/'")
        assert "that is no address of a webhook" in told


def test_the_key_of_the_webhook_may_not_stand_in_the_file(load: Load) -> None:
    message = refusal(load, f"[notices]\nwebhook_secret = '{MARK}'")
    assert "MAILER_NOTICES__WEBHOOK_SECRET" in message
    assert MARK not in message
