"""Answer those who watch over mailer."""

from concurrent.futures import Future

from mailer.database.readiness import DatabaseFault, find_fault
from mailer.usecases.needs import WatchServices
from mailer.usecases.shared_answer import SharedAnswer

ANSWER_SECONDS = 2
"""The time in which a database answers that can be worked with."""


class Readiness:
    """The question whether the database answers and has the tables of this version."""

    def __init__(self, services: WatchServices) -> None:
        database = services.database
        self._answer = SharedAnswer(lambda: find_fault(database, seconds=ANSWER_SECONDS))

    def ask(self) -> Future[DatabaseFault | None]:
        """Return the fault, or None, as soon as it is known."""
        return self._answer.ask()
