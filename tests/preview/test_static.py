from datetime import date
from pathlib import Path

import pytest

from mailer.bootstrap import Services
from mailer.errors import MailerError
from mailer.preview.static import write_preview

TODAY = date(2024, 1, 15)


def test_the_files_can_be_opened_without_a_server(services: Services, tmp_path: Path) -> None:
    index = write_preview(services, "2024-01", tmp_path / "out", today=TODAY)
    page = index.read_text("utf-8")
    for name in ("mail-light.html", "mail-dark.html", "issue.txt", "issue.pdf"):
        assert (tmp_path / "out" / name).stat().st_size > 100
        assert f'"{name}"' in page
    assert "<script" not in page
    assert "<form" not in page
    assert (tmp_path / "out" / "issue.pdf").read_bytes().startswith(b"%PDF")


def test_light_and_dark_show_one_of_them_whatever_the_screen_is(services: Services, tmp_path: Path) -> None:
    write_preview(services, "2024-01", tmp_path, today=TODAY)
    light, dark = ((tmp_path / f"mail-{each}.html").read_text("utf-8") for each in ("light", "dark"))
    assert "@media not all" in light
    assert "@media all" in dark
    assert "prefers-color-scheme: dark" not in light + dark


def test_an_example_subscribers_values_stand_in_the_slots(services: Services, tmp_path: Path) -> None:
    write_preview(services, "2024-01", tmp_path, today=TODAY)
    for name in ("mail-light.html", "issue.txt"):
        text = (tmp_path / name).read_text("utf-8")
        assert "kari.nordmann@kommune.example" in text
        assert "slot.invalid" not in text


def test_an_issue_with_errors_writes_nothing(services: Services, item: Path, tmp_path: Path) -> None:
    item.write_text("+++\nsection = 'none'\n+++\n", encoding="utf-8")
    with pytest.raises(MailerError, match="010-agder"):
        write_preview(services, "2024-01", tmp_path / "out", today=TODAY)
    assert not (tmp_path / "out").exists()
