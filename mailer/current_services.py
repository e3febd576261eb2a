"""Services for front ends that outlive a command: made anew when the files they are made of have changed."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from threading import RLock

from mailer.bootstrap import Services
from mailer.subscribers.register import HELSEFELLESSKAP_FILE, OWN_LISTS_FILE


class CurrentServices:
    """The services of a workspace as its files are by now: made anew when the settings, lists or templates change."""

    def __init__(self, build: Callable[[], Services]) -> None:
        self._build = build
        self._lock = RLock()
        self._services = build()
        self._seen = _stamps(self._services)
        self._content = _digests(self._services)

    def __call__(self) -> Services:
        """The services as they are to be now; raises `ConfigError` while the settings cannot be read.

        Earlier ones are closed, which takes nothing from those who still use them.
        """
        with self._lock:
            stamps = _stamps(self._services)
            if stamps != self._seen:
                self._renew(_digests(self._services))
                self._seen = stamps  # as it was before: what is saved meanwhile is noticed the next time
            return self._services

    def close(self) -> None:
        """Close the services in use."""
        self._services.close()

    def _renew(self, content: dict[Path, bytes]) -> None:
        if content != self._content:
            earlier, self._services = self._services, self._build()
            self._content = content
            earlier.close()


def made_of(services: Services) -> tuple[Path, ...]:
    """The files, outside the folders of templates, that services are made of; some may not be there."""
    settings = services.settings
    logo = [settings.folder / settings.theme.logo] if settings.theme.logo else []
    lists = (settings.paths.subscribers / each for each in (HELSEFELLESSKAP_FILE, OWN_LISTS_FILE))
    return (settings.file, *lists, *logo)


def _sources(services: Services) -> Iterator[Path]:
    yield from made_of(services)
    for folder in services.templates.folders:
        yield from folder.rglob("*")


def _stamps(services: Services) -> dict[Path, tuple[int, ...]]:
    """Return times, sizes and places on the disk: a cheap sign that a file may have changed."""
    stamps: dict[Path, tuple[int, ...]] = {}
    for each in _sources(services):
        with suppress(OSError):  # an editor may be replacing it just now
            found = each.stat()
            stamps[each] = found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino
    return stamps


def _digests(services: Services) -> dict[Path, bytes]:
    digests = {}
    for each in _sources(services):
        with suppress(OSError):  # a folder, or gone by now
            digests[each] = sha256(each.read_bytes()).digest()
    return digests
