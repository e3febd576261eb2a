"""What is compiled is kept for its sources alone, by any number of processes, or made again.

`compiling` makes it.
"""

import os
import stat
import subprocess
import sys
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path

import pytest

from mailer.catalogue.kept_texts import read_compiled
from mailer.catalogue.texts import LOCALE

SOURCE = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "a.b"\nmsgstr "{}"\n'


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "a.po"
    file.write_text(SOURCE.format("Én"), "utf-8")
    return file


def read(source: Path, cache: Path) -> str:
    return GNUTranslations(BytesIO(read_compiled([source], "nb", {"XDG_CACHE_HOME": str(cache)}))).gettext("a.b")


def test_it_is_kept_privately_and_made_anew_when_the_sources_change(source: Path, tmp_path: Path) -> None:
    assert read(source, tmp_path / "cache") == "Én"
    (kept,) = (tmp_path / "cache" / "mailer").iterdir()
    if os.name == "posix":
        assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    before = kept.stat().st_mtime_ns
    assert read(source, tmp_path / "cache") == "Én"
    assert kept.stat().st_mtime_ns == before
    source.write_text(SOURCE.format("To"), "utf-8")
    assert read(source, tmp_path / "cache") == "To"


@pytest.mark.parametrize("damage", [lambda content: content[:-1], lambda content: b"x" + content[1:], lambda _: b""])
def test_what_is_damaged_is_not_believed(damage: object, source: Path, tmp_path: Path) -> None:
    assert callable(damage)
    read(source, tmp_path / "cache")
    (kept,) = (tmp_path / "cache" / "mailer").iterdir()
    kept.write_bytes(damage(kept.read_bytes()))
    assert read(source, tmp_path / "cache") == "Én"


def test_it_works_without_a_folder_to_keep_it_in(source: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    assert read(source, tmp_path / "file") == "Én"
    assert GNUTranslations(BytesIO(read_compiled([source], "nb", {}))).gettext("a.b") == "Én"


def test_what_is_old_is_removed(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "mailer"
    folder.mkdir(parents=True, mode=0o700)
    for name in ("messages-nb-old.mo", "messages-x.part"):
        (folder / name).touch()
        os.utime(folder / name, (0, 0))
    read(source, tmp_path / "cache")
    assert len(list(folder.iterdir())) == 1


def test_babel_is_loaded_once_by_several_processes_and_by_none_after_them(tmp_path: Path) -> None:
    program = "import sys; from mailer.catalogue import msg; print(msg('output.error'), 'babel' in sys.modules)"
    environ = os.environ | {"XDG_CACHE_HOME": str(tmp_path)}
    command = [sys.executable, "-c", program]
    several = [subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert {each.communicate()[0].split()[0] for each in several} == {"error"}
    later = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    assert later.stdout.split() == ["error", "False"]


def test_a_wheel_has_them_compiled() -> None:
    """As the hook of the build does it."""
    from mailer.catalogue.compiling import compile_texts

    sources = {each.stem: each.read_bytes() for each in sorted((LOCALE / "nn").glob("*.po"))}
    texts = GNUTranslations(BytesIO(compile_texts(sources, "nn")))
    assert texts.gettext("findings.error") == "feil"
    assert texts.info()["plural-forms"] == "nplurals=2; plural=(n != 1);"
