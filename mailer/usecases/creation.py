"""`mailer init`: a new workspace with commented settings, templates and the register of lists."""

import shutil
from pathlib import Path

import mailer
from mailer.catalogue import msg
from mailer.config.locating import FILE_NAME
from mailer.errors import ExitCode, MailerError, UsageError, reason_of

GITIGNORE = """\
# What a workspace makes: database, keys, caught mail, composed issues
/var/
/build/

# Subscribers are people: their addresses never go into version control
/subscribers/*.csv
/subscribers/*.xlsx
"""

OWN_PAGES = ("preview.*", "listening.js", "inbox.html.j2", "changes.html.j2")
"""Templates of pages that are mailer's own and no part of the newsletter: they go with the version of mailer."""


class UnwritableError(MailerError):
    """The disk, or the rights on it, do not let us write."""

    exit_code = ExitCode.INPUT_OUTPUT


def defaults_folder() -> Path:
    """The folder with what `init` copies: inside the wheel, or the checkout that mailer runs from."""
    package = Path(mailer.__file__).parent
    packed = package / "defaults"
    return packed if packed.is_dir() else package.parent


def init_workspace(target: Path, *, defaults: Path | None = None) -> tuple[Path, ...]:
    """Make a workspace in an empty or new folder and return its files. Raises MailerError when it is not empty."""
    source = defaults or defaults_folder()
    if not (source / FILE_NAME).is_file():
        hint = msg("issues.install-again")
        raise MailerError(msg("issues.no-files-to-begin-with"), where=str(source), hint=hint)
    try:
        if target.exists() and not target.is_dir():
            raise UsageError(msg("issues.no-folder"), where=str(target), hint=msg("issues.name-new-folder"))
        if target.exists() and any(target.iterdir()):
            raise MailerError(msg("issues.folder-not-empty"), where=str(target), hint=msg("issues.name-new-folder"))
        return _fill(target, source)
    except OSError as error:
        message = msg("issues.workspace-not-made", reason=reason_of(error))
        raise UnwritableError(message, where=str(target), hint=msg("issues.name-new-folder")) from error


def _fill(target: Path, source: Path) -> tuple[Path, ...]:
    """Copy settings, registers and templates; of the subscribers' folder nothing but its registers.

    The templates are copied so that an upgrade of mailer does not change how a newsletter looks.
    """
    (target / "issues").mkdir(parents=True)
    (target / "subscribers").mkdir()
    shutil.copyfile(source / FILE_NAME, target / FILE_NAME)
    for register in sorted((source / "subscribers").glob("*.toml")):
        shutil.copyfile(register, target / "subscribers" / register.name)
    shutil.copytree(
        source / "templates",
        target / "templates",
        ignore=shutil.ignore_patterns(".*", "__pycache__", *OWN_PAGES),
        copy_function=shutil.copyfile,
    )
    (target / ".gitignore").write_bytes(GITIGNORE.encode())
    return tuple(sorted(path for path in target.rglob("*") if path.is_file()))
