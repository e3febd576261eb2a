"""The pauses before an issue is tried again whose sender has failed."""

import time

FIRST_SECONDS = 2.0
LONGEST_SECONDS = 120.0


def pause_after(failures: int, *, was_killed: bool) -> float:
    """Return the seconds before the next try: twice as long each time, but soon after a process was killed."""
    return FIRST_SECONDS if was_killed else min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** (failures - 1))


class Pauses:
    """The failures of each issue in a row, and until when it is left alone."""

    def __init__(self) -> None:
        self._failures: dict[str, int] = {}
        self._until: dict[str, float] = {}

    def begin(self, slug: str, *, code: int) -> None:
        """Leave an issue alone for a while whose sender has failed."""
        self._failures[slug] = self._failures.get(slug, 0) + 1
        self._until[slug] = time.monotonic() + pause_after(self._failures[slug], was_killed=code < 0)

    def seconds_left(self, slug: str) -> float:
        """Return how long an issue is to be left alone from now on."""
        return max(0.0, self._until.get(slug, 0.0) - time.monotonic())

    def keep_only(self, slugs: set[str]) -> None:
        """Forget the failures of all other issues: those need no sender by now."""
        for known in (self._failures, self._until):
            for each in known.keys() - slugs:
                del known[each]
