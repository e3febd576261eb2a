"""Secret keys come from the environment or from files that are made once, private, and the same for everybody."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable

import pytest

from mailer.config.errors import ConfigError
from mailer.config.secret_keys import SuppressionKeyFile, load_key_ring, new_key
from mailer.config.settings import Settings

Load = Callable[..., Settings]

OLD, NEW = "an old key of 16 characters", "en ny nøkkel på 16 tegn"


def test_keys_from_the_environment_are_newest_first_and_make_no_file(load: Load) -> None:
    settings = load()
    ring, created = load_key_ring(settings, {"MAILER_SECRET_KEYS": f" {NEW},{OLD} ,"})
    assert ring.keys == (NEW.encode(), OLD.encode())
    assert created is None
    assert not settings.paths.var.exists()


def test_without_them_a_file_is_made_once(load: Load) -> None:
    settings = load()
    first, created = load_key_ring(settings, {})
    again, created_again = load_key_ring(settings, {})
    assert created == settings.paths.var / "keys"
    assert created_again is None
    assert first == again
    assert len(first.keys[0]) == 64


@pytest.mark.skipif(os.name != "posix", reason="only POSIX knows these modes")
def test_the_files_are_readable_by_nobody_else(load: Load) -> None:
    settings = load()
    _, ring = load_key_ring(settings, {})
    suppression = SuppressionKeyFile(settings, {})
    assert suppression.make(new_key())
    for made in (ring, suppression.file):
        assert made
        assert stat.S_IMODE(made.stat().st_mode) == 0o600


def test_a_key_put_in_front_in_the_file_is_the_newest(load: Load) -> None:
    settings = load()
    before, file = load_key_ring(settings, {})
    assert file
    file.write_text(f"{NEW}\n{file.read_text('utf-8')}\n", encoding="utf-8")
    after, _ = load_key_ring(settings, {})
    assert after.keys == (NEW.encode(), *before.keys)
    assert after.verify(before.sign("x", "y"), "x", "y")


def test_the_suppression_key_is_another_one(load: Load) -> None:
    settings = load()
    kept, key = SuppressionKeyFile(settings, {}), new_key()
    assert kept.read() is None
    assert not settings.paths.var.exists(), "looking alone makes nothing"
    assert kept.make(key)
    assert kept.file == settings.paths.var / "suppression-key"
    assert not kept.make(new_key()), "another one stays"
    assert SuppressionKeyFile(settings, {"MAILER_SECRET_KEYS": NEW}).read() == kept.read() == key
    assert key not in load_key_ring(settings, {})[0].keys
    assert SuppressionKeyFile(settings, {"MAILER_SUPPRESSION_KEY": OLD}).read() == OLD.encode()


@pytest.mark.parametrize("text", ["", " , ", "shrt", f"{NEW},shrt"])
def test_a_missing_or_short_key_is_refused_and_not_shown(load: Load, text: str) -> None:
    with pytest.raises(ConfigError, match="environment variable MAILER_SECRET_KEYS") as caught:
        load_key_ring(load(), {"MAILER_SECRET_KEYS": text})
    assert "shrt" not in str(caught.value)
    assert NEW not in str(caught.value)
    assert "at least 16" in caught.value.hint


def test_a_second_suppression_key_is_refused(load: Load) -> None:
    with pytest.raises(ConfigError, match="exactly one"):
        SuppressionKeyFile(load(), {"MAILER_SUPPRESSION_KEY": f"{NEW},{OLD}"}).read()


def test_an_emptied_or_damaged_key_file_is_named_and_not_replaced(load: Load) -> None:
    settings = load()
    _, file = load_key_ring(settings, {})
    assert file
    for content in (b"", b"\xff" * 40):
        file.write_bytes(content)
        with pytest.raises(ConfigError, match="keys"):
            load_key_ring(settings, {})
        assert file.read_bytes() == content


def test_a_folder_that_cannot_be_made_is_named(load: Load) -> None:
    settings = load()
    settings.paths.var.write_text("not a folder", encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot be made"):
        load_key_ring(settings, {})


MAKE_KEYS = """
import sys
from pathlib import Path
from mailer.config import load_settings
from mailer.config.secret_keys import load_key_ring

ring, created = load_key_ring(load_settings(environ={}, cwd=Path(sys.argv[1])), {})
print(ring.keys[0].decode(), created is not None)
"""


def test_of_processes_that_start_at_once_one_makes_the_key_and_all_use_it(load: Load) -> None:
    command = [sys.executable, "-c", MAKE_KEYS, str(load().folder)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    made = [process.communicate()[0].split() for process in processes]
    assert len({key for key, _ in made}) == 1
    assert sorted(created for _, created in made) == ["False", "False", "False", "True"]
