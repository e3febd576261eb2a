from datetime import date
from pathlib import Path

import pytest

from mailer.errors import ExitCode, MailerError, UsageError
from mailer.issue.source import read_issue
from mailer.usecases.creation import defaults_folder, init_workspace
from mailer.usecases.next_issue import new_issue


@pytest.fixture
def defaults(tmp_path: Path) -> Path:
    """What a wheel carries, and around it what must stay where it is."""
    folder = tmp_path / "defaults"
    for name in (
        "config.toml",
        "templates/email/issue.mjml.j2",
        "templates/web/issue.html.j2",
        "templates/web/preview.js",
        "templates/web/listening.js",
        "templates/web/inbox.html.j2",
        "templates/.hidden",
        "subscribers/helsefellesskap.toml",
        "subscribers/real-people.csv",
        "subscribers/example-oslo.csv",
        "var/keys",
        "pyproject.toml",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"# {name}\n", encoding="utf-8")
    return folder


def test_a_new_workspace_has_settings_templates_and_registers_and_nobodys_addresses(
    defaults: Path, tmp_path: Path
) -> None:
    target = tmp_path / "new" / "workspace"
    files = init_workspace(target, defaults=defaults)
    assert [path.relative_to(target).as_posix() for path in files] == [
        ".gitignore",
        "config.toml",
        "subscribers/helsefellesskap.toml",
        "templates/email/issue.mjml.j2",
        "templates/web/issue.html.j2",
    ]
    assert (target / "issues").is_dir()
    assert (target / "config.toml").read_text("utf-8") == "# config.toml\n"


def test_subscribers_and_keys_stay_out_of_version_control(defaults: Path, tmp_path: Path) -> None:
    init_workspace(tmp_path / "new", defaults=defaults)
    ignored = (tmp_path / "new" / ".gitignore").read_text("utf-8").splitlines()
    assert {"/var/", "/build/", "/subscribers/*.csv", "/subscribers/*.xlsx"} <= set(ignored)


def test_an_empty_folder_can_become_a_workspace_and_its_first_issue_reads_without_error(
    defaults: Path, tmp_path: Path
) -> None:
    target = tmp_path / "new"
    target.mkdir()
    init_workspace(target, defaults=defaults)
    folder = new_issue(target / "issues", "2024-02", today=date(2024, 1, 15))
    assert read_issue(folder, helsefellesskap=[], publisher="x").issue is not None


def test_a_folder_with_something_in_it_is_left_alone(defaults: Path, tmp_path: Path) -> None:
    target = tmp_path / "full"
    target.mkdir()
    (target / "letter.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(MailerError, match=r"/full: the folder is not empty\nName a new folder\.$"):
        init_workspace(target, defaults=defaults)
    assert [path.name for path in target.iterdir()] == ["letter.txt"]


def test_a_file_in_the_place_of_the_folder_is_left_alone(defaults: Path, tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match=r"/file: this is no folder\nName a new folder\.$"):
        init_workspace(target, defaults=defaults)


def test_a_place_that_cannot_be_written_is_an_error_of_input_and_output(defaults: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(MailerError, match=r"/file/workspace: the workspace cannot be made: .+\nName a new") as caught:
        init_workspace(tmp_path / "file" / "workspace", defaults=defaults)
    assert caught.value.exit_code is ExitCode.INPUT_OUTPUT


def test_missing_defaults_say_that_the_installation_is_broken(tmp_path: Path) -> None:
    with pytest.raises(MailerError, match="Install mailer again"):
        init_workspace(tmp_path / "new", defaults=tmp_path)


def test_in_a_checkout_the_defaults_are_the_repository(repository: Path) -> None:
    assert defaults_folder() == repository
    assert (defaults_folder() / "pyproject.toml").is_file()
