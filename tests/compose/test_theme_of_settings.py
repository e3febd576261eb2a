from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image as Pillow

from mailer.bootstrap import Services, build_services
from mailer.errors import MailerError

Build = Callable[..., Services]


@pytest.fixture
def build(repository: Path, tmp_path: Path) -> Build:
    """Services of a workspace whose settings differ in one place from those that come with mailer."""

    def build(old: str, new: str) -> Services:
        settings = (repository / "config.toml").read_text("utf-8")
        assert old in settings
        (tmp_path / "config.toml").write_text(settings.replace(old, new), "utf-8")
        return build_services(tmp_path / "config.toml", environ={}, cwd=tmp_path)

    return build


def test_unreadable_colours_are_refused_when_the_settings_are_read(build: Build, tmp_path: Path) -> None:
    with pytest.raises(MailerError, match=r"ink on surface .* needs 4\.5:1") as caught:
        build('# ink = "#14252A"', 'ink = "#AABBCC"')
    assert caught.value.where == str((tmp_path / "config.toml").resolve())
    assert 'ink = "#' in caught.value.hint


def test_readable_colours_fonts_and_corners_are_used(build: Build) -> None:
    theme = build('# ink = "#14252A"', 'ink = "#000000"').theme
    assert theme.light.ink == "#000000"
    assert build("radius = 4", "radius = 9").theme.radius == 9


def test_a_logo_is_read_from_the_workspace(build: Build, tmp_path: Path) -> None:
    Pillow.new("RGB", (192, 96)).save(tmp_path / "logo.png")
    logo = build('logo = ""', 'logo = "logo.png"').theme.logo
    assert logo is not None
    assert (logo.width, logo.height) == (96, 48)


def test_pictures_may_be_linked(build: Build) -> None:
    services = build('pictures = "embedded"', 'pictures = "linked"')
    assert services.settings.newsletter.pictures == "linked"
