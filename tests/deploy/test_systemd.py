"""The units by systemd's own judgement: nothing in them is misspelt, and what they may do is little."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

UNITS = sorted((Path(__file__).parents[2] / "deploy" / "systemd").glob("*.service"))
ANALYZE = shutil.which("systemd-analyze") or ""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not ANALYZE, reason="systemd-analyze is not installed"),
]


@pytest.mark.parametrize("file", UNITS, ids=lambda each: each.name)
def test_a_unit_is_exposed_by_at_most_two_of_ten(file: Path) -> None:
    done = subprocess.run(
        [ANALYZE, "security", "--offline=true", "--no-pager", str(file)], capture_output=True, text=True, check=True
    )
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert exposure is not None, done.stdout
    assert float(exposure[1]) <= 2.0


@pytest.mark.parametrize("file", UNITS, ids=lambda each: each.name)
def test_systemd_understands_every_line(file: Path, tmp_path: Path) -> None:
    unit = tmp_path / file.name
    unit.write_text(file.read_text("utf-8").replace("/opt/mailer/bin/mailer", sys.executable), "utf-8")
    done = subprocess.run([ANALYZE, "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False)
    said = [each for each in done.stderr.splitlines() if file.name in each]
    assert said == []
    assert "Unknown" not in done.stderr
