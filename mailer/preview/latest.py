"""The issue as it is saved now: read once, composed once for a reader, checked when somebody asks."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from threading import RLock

from mailer.bootstrap import Services
from mailer.issue.source import IssueReading, find_issue
from mailer.preview.choice import Choice
from mailer.preview.readers import Readers
from mailer.preview.views import Look, View, look_at, view_of
from mailer.usecases.reading import read


class Latest:
    """Looks at one issue's folder and the templates; requests in several threads share what was made."""

    def __init__(self, services: Services, slug: str, *, today: Callable[[], date]) -> None:
        self.services = services
        self.slug = slug
        self.today = today
        self.folder = find_issue(services.settings.paths.issues, slug)
        self.readers = Readers(services)
        self.good: View | None = None
        """The last version that composed."""
        self._lock = RLock()
        self._files: list[tuple[str, int]] = []
        self._reading: IssueReading | None = None
        self._views: dict[Choice, View | None] = {}
        self._looks: dict[Choice, Look] = {}

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where something may be saved that changes what is shown."""
        return (self.folder, *self.services.templates.folders)

    @property
    def saved_at(self) -> datetime:
        """When a file of the issue was saved last."""
        inside = (saved for path, saved in self._saved() if Path(path).is_relative_to(self.folder))
        return datetime.fromtimestamp(max(inside, default=0) / 1e9, UTC)

    def view(self, choice: Choice) -> View | None:
        """The issue as the chosen reader gets it; None while it does not compose."""
        with self._lock:
            reading, reader = self._current(), _reader_of(choice)
            if reader not in self._views:
                self._views[reader] = view_of(self.services, reading, reader, readers=self.readers)
                self.good = self._views[reader] or self.good
            return self._views[reader]

    def look(self, choice: Choice) -> Look:
        """The same with all that is found in it."""
        with self._lock:
            reader = _reader_of(choice)
            view = self.view(choice)
            if reader not in self._looks:
                self._looks[reader] = look_at(self.services, self._current(), view, today=self.today())
            return self._looks[reader]

    def text(self, file: str) -> str:
        """A file of the issue, as far as it can be read."""
        path = self.folder / file
        return path.read_bytes().decode("utf-8-sig", "replace") if path.is_file() else ""

    def _current(self) -> IssueReading:
        files = sorted(self._saved())
        if self._reading is None or files != self._files:
            self._forget_templates(set(files) ^ set(self._files))
            self._files, self._views, self._looks = files, {}, {}
            self._reading = read(self.services, self.slug)
        return self._reading

    def _forget_templates(self, changed: set[tuple[str, int]]) -> None:
        """A composer keeps what it has made of its style rules: a changed template needs a new one."""
        if any(not Path(path).is_relative_to(self.folder) for path, _ in changed):
            self.services.__dict__.pop("composer", None)

    def _saved(self) -> Iterator[tuple[str, int]]:
        for folder in self.folders:
            for path in folder.rglob("*"):
                with suppress(FileNotFoundError):  # an editor may be replacing it just now
                    yield str(path), path.stat().st_mtime_ns


def _reader_of(choice: Choice) -> Choice:
    """What of a choice changes the mail itself."""
    usual = Choice()
    return replace(usual, list=choice.list, lang=choice.lang, reader=choice.reader)
