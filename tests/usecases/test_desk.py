"""The forms of an issue as files, and by `publishing` kept as it is to be sent."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from email import message_from_bytes
from pathlib import Path
from typing import Any

import icalendar
import pytest

from mailer.bootstrap import Services, build_services
from mailer.editions.store import EditionStore
from mailer.errors import ExitCode, MailerError
from mailer.usecases.checking import check_issue, widest_key
from mailer.usecases.creation import init_workspace
from mailer.usecases.desk import Shown, build_issue, chosen_key, shown_message, with_values, write_files, write_issue
from mailer.usecases.editions import make_edition
from mailer.usecases.next_issue import new_issue
from mailer.usecases.publishing import store_edition
from mailer.usecases.reading import require_issue

SLUG = "2024-02"


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    init_workspace(tmp_path / "workspace")
    new_issue(tmp_path / "workspace" / "issues", SLUG, today=date(2024, 1, 15))
    built = build_services(environ={}, cwd=tmp_path / "workspace", announce=lambda _: None)
    yield built
    built.close()


def test_every_form_of_an_issue_is_written_without_open_slots(services: Services, tmp_path: Path) -> None:
    issue = require_issue(services, SLUG)
    built = write_issue(services, issue, widest_key(services, issue), tmp_path / "out")
    names = {each.file.name for each in built}
    assert names == {each.name for each in (tmp_path / "out").iterdir()}
    assert names >= {"issue.html", "issue.txt", "issue.mjml", "issue.eml", "issue.pdf"}
    assert all(each.size == each.file.stat().st_size for each in built)
    assert "kari.nordmann@kommune.example" in (tmp_path / "out" / "issue.txt").read_text("utf-8")
    mail = message_from_bytes((tmp_path / "out" / "issue.eml").read_bytes())
    assert mail["To"] == "kari.nordmann@kommune.example"


def test_the_folder_of_an_issue_holds_no_dates_of_an_earlier_version(services: Services) -> None:
    frame = services.settings.paths.issues / SLUG / "issue.toml"
    plain = frame.read_text("utf-8")
    day = '\n[[important_dates]]\ndate = 2024-03-01\ntext = "Møte"\n'
    folder = services.settings.paths.build / SLUG
    for days in (2, 1, 0):
        frame.write_text(plain + days * day, encoding="utf-8")
        issue = require_issue(services, SLUG)
        built = build_issue(services, issue, widest_key(services, issue))
        assert {each.file for each in built} == {each for each in folder.rglob("*") if each.is_file()}
        assert len([*folder.glob("dates/*.ics")]) == days


def test_the_same_issue_gives_the_same_pdf(services: Services, tmp_path: Path) -> None:
    issue = require_issue(services, SLUG)
    for name in ("a", "b"):
        write_issue(services, issue, widest_key(services, issue), tmp_path / name)
    assert (tmp_path / "a" / "issue.pdf").read_bytes() == (tmp_path / "b" / "issue.pdf").read_bytes()


def test_errors_are_counted_and_named_with_how_many_more(services: Services) -> None:
    assert check_issue(services, SLUG, today=date(2024, 1, 15)).errors == 0
    frame = services.settings.paths.issues / SLUG / "issue.toml"
    frame.write_text('tittel = "a"\nspråk = "b"\n' + frame.read_text("utf-8"), encoding="utf-8")
    checked = check_issue(services, SLUG, today=date(2024, 1, 15))
    assert checked.issue is None
    assert checked.errors >= 1
    with pytest.raises(MailerError, match=rf"issues/{SLUG}/issue\.toml:\d+"):
        require_issue(services, SLUG)


def test_a_variant_for_an_unknown_list_is_refused(services: Services) -> None:
    with pytest.raises(MailerError, match="agder"):
        chosen_key(services, require_issue(services, SLUG), lists=["ager"], lang=None)


def test_files_that_cannot_be_written_are_an_error_of_input_and_output(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    with pytest.raises(MailerError) as caught:
        write_files(tmp_path / "taken", {"a.txt": b"a"})
    assert caught.value.exit_code is ExitCode.INPUT_OUTPUT
    assert caught.value.what == "the files cannot be written: file exists"
    assert caught.value.where == str(tmp_path / "taken")
    assert caught.value.hint == "Name another folder with -o."


def test_a_message_is_shown_as_its_reader_gets_it(services: Services) -> None:
    issue = require_issue(services, SLUG)
    composed = services.composer.compose(issue, widest_key(services, issue))
    services.clock = lambda: datetime(2031, 5, 17, 12, tzinfo=UTC)
    to = Shown(address="åse@kommune.example", token="her-token", name="hers")
    mail = shown_message(services, composed, slug=SLUG, to=to).decode()
    head = mail.partition("\r\n\r\n")[0]
    assert "\r\nTo: åse@kommune.example\r\n" in head
    assert f"\r\nMessage-ID: <hers@{services.sender.address.partition('@')[2]}>\r\n" in head
    assert "17 May 2031" in head
    pages = services.publication.pages
    assert "her-token" in head
    assert with_values(services, composed.text, to).count("her-token") == 1
    assert pages.leave("her-token") in with_values(services, composed.text, to)


def test_a_date_that_is_moved_before_an_issue_is_sent_again_is_moved_in_calendars(services: Services) -> None:
    frame = services.settings.paths.issues / SLUG / "issue.toml"
    plain = frame.read_text("utf-8")
    read = []
    for day in ("2024-06-10", "2024-06-11", "2024-06-11"):
        date_of_issue = f'\n[[important_dates]]\ndate = {day}\ntext = "Møte"\ntime = "10.00"\n'
        frame.write_text(plain + date_of_issue, encoding="utf-8")
        store_edition(services, make_edition(services, require_issue(services, SLUG)))
        read.append(EditionStore(services.database, clock=services.clock).every(SLUG, "ics")[-1])
    events: list[Any] = [icalendar.Calendar.from_ical(each).events[0] for each in read]
    first, second, third = events
    assert first["uid"] == second["uid"]
    assert (first["sequence"], second["sequence"]) == (0, 1)
    assert second["dtstamp"].dt > first["dtstamp"].dt
    assert second == third


def test_links_of_mails_that_were_sent_lead_to_the_dates_of_the_newest_edition(services: Services) -> None:
    frame, store = services.settings.paths.issues / SLUG / "issue.toml", services.editions
    plain = frame.read_text("utf-8")
    read = []
    for day in (10, 11, 12):
        frame.write_text(f'{plain}\n[[important_dates]]\ndate = 2024-06-{day}\ntext = "Møte"\n', encoding="utf-8")
        store_edition(services, make_edition(services, require_issue(services, SLUG)))
        read.append(store.dates(SLUG))
    assert [len(each) for each in read] == [1, 2, 3]
    days = [icalendar.Calendar.from_ical(each).events[0].start for each in read[2].values()]
    assert days == [date(2024, 6, 12)] * 3
