"""The issue as it is saved now: read once, composed once for a reader, checked when somebody asks."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from threading import RLock

from mailer.bootstrap import Services
from mailer.issue.source import IssueReading, files_of, find_issue
from mailer.preview.choice import PreviewChoice
from mailer.preview.readers import PreviewReaders
from mailer.preview.saved import Contents, contents_of
from mailer.preview.views import Look, View, look_at, view_of
from mailer.usecases.reading import read


class Latest:
    """Looks at one issue's folder with the services of one moment; requests in several threads share what was made."""

    def __init__(self, services: Services, slug: str, *, today: Callable[[], date]) -> None:
        self.services = services
        self.slug = slug
        self.today = today
        self.folder = find_issue(services.settings.paths.issues, slug)
        self.readers = PreviewReaders(services)
        self.good: View | None = None
        """The last version that composed."""
        self._lock = RLock()
        self._files: Contents = {}
        self._reading: IssueReading | None = None
        self._views: dict[PreviewChoice, View | None] = {}
        self._looks: dict[PreviewChoice, Look] = {}

    def renewed(self, services: Services) -> "Latest":
        """The same issue with other services, and still what composed last; its readers are not counted again."""
        latest = Latest(services, self.slug, today=self.today)
        latest.readers = self.readers.renewed(services)
        latest.good = self.good
        return latest

    @property
    def saved_at(self) -> datetime:
        """Return when a file of the issue was saved last."""
        times = [0.0]
        for each in files_of(self.folder):
            with suppress(OSError):  # an editor may be replacing it just now
                times.append(each.stat().st_mtime)
        return datetime.fromtimestamp(max(times), UTC)

    def view(self, choice: PreviewChoice) -> View | None:
        """The issue as the chosen reader gets it; None while it does not compose."""
        with self._lock:
            reading, reader = self._current(), _reader_of(choice)
            if reader not in self._views:
                self._views[reader] = view_of(self.services, reading, reader, readers=self.readers)
                self.good = self._views[reader] or self.good
            return self._views[reader]

    def look(self, choice: PreviewChoice) -> Look:
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
        files = contents_of(files_of(self.folder))
        if self._reading is None or files != self._files:
            self._files, self._views, self._looks = files, {}, {}
            self._reading = read(self.services, self.slug)
        return self._reading


def _reader_of(choice: PreviewChoice) -> PreviewChoice:
    """Return the part of a choice that changes the mail itself."""
    usual = PreviewChoice()
    return replace(usual, list=choice.list, lang=choice.lang, reader=choice.reader, long=choice.long)
