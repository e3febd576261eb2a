"""The templates of a workspace over those that come with mailer: one file may be replaced and the rest kept."""

from collections.abc import Callable, MutableMapping, Sequence
from pathlib import Path
from traceback import walk_tb
from types import TracebackType
from typing import Any

from jinja2 import (
    BaseLoader,
    BytecodeCache,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
)

import mailer
from mailer.catalogue import msg
from mailer.errors import MailerError
from mailer.rendering.labels import Labels

Rewrite = Callable[[str, str], str]


def shipped_templates() -> Path:
    """The folder of the templates that come with mailer: inside the wheel, or beside the package in a checkout."""
    package = Path(mailer.__file__).parent
    packed = package / "defaults" / "templates"
    return packed if packed.is_dir() else package.parent / "templates"


class Templates:
    """Folders of templates and labels, those of the workspace before those that come with mailer.

    A template stays as it was when it was first used: two variants of one edition never come of two versions of it.
    """

    def __init__(
        self, folders: Sequence[Path] = (), *, rewrite: Rewrite | None = None, bytecode: BytecodeCache | None = None
    ) -> None:
        shipped = shipped_templates()
        self.folders = (*(folder for folder in folders if folder.resolve() != shipped.resolve()), shipped)
        self.labels = Labels(self.folders)
        self._environment = _build_environment(self.folders, rewrite, bytecode)

    def rewritten(self, rewrite: Rewrite) -> "Templates":
        """The same templates, each as `rewrite` makes it of its name and source."""
        return Templates(self.folders, rewrite=rewrite)

    def is_overridden(self, folder: str) -> bool:
        """Return whether the workspace has templates of its own in this folder, other than copies of those shipped."""
        *own, shipped = self.folders
        pairs = ((file, shipped / file.relative_to(each)) for each in own for file in (each / folder).rglob("*.j2"))
        return any(not copy.is_file() or copy.read_bytes() != file.read_bytes() for file, copy in pairs)

    def path(self, name: str) -> Path:
        """The file that a name stands for."""
        for folder in self.folders:
            if (folder / name).is_file():
                return folder / name
        raise MailerError(msg("issues.template-missing", name=name), hint=self._hint())

    def render(self, name: str, /, **values: object) -> str:
        """The text of a template; a fault in it is an error that names its file and line."""
        try:
            return self._environment.get_template(name).render(**values)
        except TemplateNotFound as error:
            raise MailerError(
                msg("issues.template-missing", name=str(error.name)), where=name, hint=self._hint()
            ) from error
        except TemplateSyntaxError as error:
            where = f"{error.filename or name}:{error.lineno}"
            raise _faulty(msg("issues.template-unreadable", reason=str(error.message)), where) from error
        except (TemplateError, TypeError, AttributeError, KeyError, ValueError) as error:
            where = _line_in_template(error.__traceback__) or name
            raise _faulty(msg("issues.template-not-filled-in", reason=str(error)), where) from error

    def _hint(self) -> str:
        return msg("issues.looked-in", folders=", ".join(map(str, self.folders)))


def _faulty(message: str, where: str) -> MailerError:
    return MailerError(message, where=where, hint=msg("issues.compare-template"))


class _RewritingLoader(ChoiceLoader):
    def __init__(self, loaders: Sequence[BaseLoader], rewrite: Rewrite) -> None:
        super().__init__(loaders)
        self._rewrite = rewrite

    def load(
        self,
        environment: Environment,
        name: str,
        globals: MutableMapping[str, Any] | None = None,  # noqa: A002 - Jinja's
    ) -> Template:
        """Load through `get_source`, which a choice of loaders goes round."""
        return BaseLoader.load(self, environment, name, globals)

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Callable[[], bool] | None]:
        """The source as rewritten."""
        source, file, is_fresh = super().get_source(environment, template)
        return self._rewrite(template, source), file, is_fresh


def _build_environment(folders: Sequence[Path], rewrite: Rewrite | None, bytecode: BytecodeCache | None) -> Environment:
    loaders = [FileSystemLoader(folder) for folder in folders]
    return Environment(
        loader=_RewritingLoader(loaders, rewrite) if rewrite else ChoiceLoader(loaders),
        autoescape=_is_markup,  # noqa: S701 - on for all but plain text and CSS
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        bytecode_cache=bytecode,
    )


def _is_markup(name: str | None) -> bool:
    """Return whether the template is escaped: all but those known to be plain text."""
    return not (name or "").endswith((".txt.j2", ".css.j2"))


def _line_in_template(traceback: TracebackType | None) -> str:
    """Return the template's file and line, which Jinja2 puts into tracebacks."""
    lines = [f"{frame.f_code.co_filename}:{line}" for frame, line in walk_tb(traceback)]
    return next((line for line in reversed(lines) if ".j2:" in line), "")
