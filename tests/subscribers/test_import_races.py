"""Somebody changes the register while an import reads its files: the import takes note, and everybody else goes on."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mailer.subscribers.csv_io import CsvDefaults
from mailer.subscribers.importing import ImportOptions, ImportProgress, ImportReport, import_files
from mailer.subscribers.model import Register
from mailer.subscribers.store import SubscriberStore
from mailer.subscribers.suppression import SuppressionReason

Import = Callable[[Callable[[], object]], ImportReport]


@pytest.fixture
def import_while(store: SubscriberStore, register: Register, tmp_path: Path) -> Import:
    """Import four people, while something else happens after they were compared and before they are written."""
    file = tmp_path / "people.csv"
    rows = "".join(f"p{number}@x.example;oslo\n" for number in range(4))
    file.write_text("epost;liste\n" + rows, encoding="utf-8")

    def run(meanwhile: Callable[[], object]) -> ImportReport:
        done: list[str] = []

        def watch(progress: ImportProgress) -> None:
            if progress.step == "reading" and not done:
                done.append(progress.step)
                store.add(
                    "somebody@x.example", lists=["agder"], basis="e: case 1"
                )  # nobody waits for the import to read
            if progress.step == "comparing" and "comparing" not in done:
                done.append(progress.step)
                meanwhile()

        # The first two are known, so that not all is decided without looking at the people.
        for number in range(2):
            store.add(f"p{number}@x.example", lists=["agder"], basis="e: case 1")
        options = ImportOptions(defaults=CsvDefaults(basis="e: case 1"))
        return import_files(store, register, [file], options=options, progress=watch)

    return run


def _counted(report: ImportReport) -> dict[str, int]:
    return {outcome.value: number for outcome, number in report.counts.items() if number}


def test_nothing_happens_and_all_come_in(import_while: Import) -> None:
    assert _counted(import_while(lambda: None)) == {"new": 4}


def test_somebody_leaves_meanwhile_and_is_not_put_back(store: SubscriberStore, import_while: Import) -> None:
    assert _counted(import_while(lambda: store.remove("p0@x.example"))) == {"new": 3, "left": 1}


def test_somebody_new_is_suppressed_meanwhile_and_not_taken_in(store: SubscriberStore, import_while: Import) -> None:
    report = import_while(lambda: store.suppress("p3@x.example", reason=SuppressionReason.COMPLAINT))
    assert _counted(report) == {"new": 3, "suppressed": 1}
    assert store.show("p3@x.example") is None


def test_somebody_is_added_meanwhile_and_stays_one_person(store: SubscriberStore, import_while: Import) -> None:
    report = import_while(lambda: store.add("P3@x.example", lists=["oslo", "agder"], basis="a: asked"))
    assert _counted(report) == {"new": 3, "changed": 1}  # the import's basis beside the first
    assert len(store.find("p3@")) == 1


def test_an_import_that_is_interrupted_leaves_nothing(store: SubscriberStore, import_while: Import) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_while(interrupt)
    assert [each.list for found in store.find("p") for each in found.subscriptions] == ["agder", "agder"]
