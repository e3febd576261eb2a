"""Leaving: looking changes nothing, a POST leaves at once, twice is once, and no token can be made up.

What is asked for is read by `forms`, answered in one of `languages`, and carried on to the next page by `outcomes`;
`site` is the frame of all.
"""

import asyncio
import random
import re
import string
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette

from mailer.bootstrap import Services
from mailer.database.tables import subscriber
from mailer.subscribers.files.columns import RowDefaults
from mailer.subscribers.imports.importing import ImportOptions, import_files
from mailer.subscribers.imports.undoing import undo_import
from mailer.subscribers.model import SubscriptionStatus
from mailer.subscribers.people.merging import merge_lists
from mailer.subscribers.people.moving import move_person
from mailer.subscribers.people.removal import delete_people
from mailer.subscribers.people.suppressing import release, suppress
from mailer.subscribers.people.suppression import SuppressionReason
from mailer.subscribers.register import sync_lists
from mailer.subscribers.rights.erasing import erase
from mailer.subscribers.tokens import make_token, parse_token
from mailer.web.leaving import mask

EXAMPLES = settings().max_examples  # of the profile: the normal run's, or many more in `poe soak`

Ask = Callable[..., httpx.Response]
KARI, OLA = "kari@molde.example", "ola@bergen.example"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("room", "purpose"), [("leave", "leave"), ("one-click", "leave"), ("preferences", "preferences")]
)
def test_looking_at_any_link_of_a_mail_changes_nothing(
    ask: Ask, people: Any, method: str, room: str, purpose: str
) -> None:
    assert ask(method, f"/{room}/{people.token(OLA, purpose)}").status_code == 200
    assert set(people.lists(OLA).values()) == {"active"}
    assert len(people.services.subscribers.history(OLA)) == 3


def test_the_page_shows_a_button_and_the_address_only_to_who_knows_it(ask: Ask, people: Any) -> None:
    page = ask("GET", f"/leave/{people.token(KARI)}").text
    assert "Meld meg av</button>" in page
    assert "Gjelder adressen <strong>k•••••<wbr>@molde<wbr>.example</strong></p>" in page
    assert KARI not in page
    assert 'type="radio"' not in page  # one list: nothing to choose


def test_posting_leaves_all_lists_and_the_same_page_takes_it_back(ask: Ask, people: Any) -> None:
    path = f"/leave/{people.token(OLA)}"
    left = ask("POST", path, data={"scope": "all"})
    assert "Du er meld av" in left.text
    assert set(people.lists(OLA).values()) == {"unsubscribed"}
    assert "Angre – meld meg på igjen" in left.text
    undone = ask("POST", path, data=_undoing(left.text))
    assert "Du er påmeld igjen" in undone.text
    assert people.lists(OLA) == dict.fromkeys(["bergen", "fonna", "nasjonale"], "active")
    (subscription, *_) = people.services.subscribers.show(OLA).subscriptions
    assert [each.method for each in subscription.consents] == ["admin", "form"]
    assert subscription.consent.basis == subscription.consents[0].basis
    assert subscription.consent.text_version == "leave-page-undo-1"
    actors = {each.actor for each in people.services.subscribers.history(OLA)[3:]}
    assert actors == {"the person, on the leave page"}


def _undoing(page: str) -> dict[str, Any]:
    """What the page's button to undo posts."""
    return {"action": "undo", "list": re.findall(r'name="list" value="([^"]*)"', page)}


def test_undoing_takes_back_only_what_that_page_says_was_left(ask: Ask, people: Any) -> None:
    path = f"/leave/{people.token(OLA)}"
    pages = [ask("POST", path, data={"scope": slug}).text for slug in ("fonna", "bergen")]
    assert [_undoing(each)["list"] for each in pages] == [["fonna"], ["bergen"]]
    for page, said in zip(pages, ("Helse Fonna", "Bergensområdet"), strict=True):
        assert "<h1>Du er meld av ei liste</h1>" in page
        assert re.findall("Du står ikkje lenger på .*", page)[0].endswith(f"{said}».</p>")
    undone = ask("POST", path, data=_undoing(pages[0])).text
    assert re.findall("Du står igjen på .*", undone)[0].endswith("Helse Fonna».</p>")
    assert people.lists(OLA) == {"bergen": "unsubscribed", "fonna": "active", "nasjonale": "active"}
    assert _undoing(undone)["list"] == ["bergen"]  # that one was left just now, too


def test_several_lists_left_at_once_are_named_and_come_back_together(ask: Ask, people: Any) -> None:
    path = f"/leave/{people.token(OLA)}"
    left = ask("POST", path, data={"scope": "all"}).text
    assert _undoing(left)["list"] == ["bergen", "fonna", "nasjonale"]
    people.services.subscribers.add(OLA, lists=["oslo"], basis="a: asked by telephone", again=True)
    page = ask("GET", f"{path}?done=left&list=bergen&list=fonna&list=oslo").text
    assert "<h1>Du er meld av 2 lister</h1>" in page
    assert "Du står ikkje lenger på desse listene:" in page
    undone = ask("POST", path, data=_undoing(left)).text
    assert "Du står igjen på desse listene:" in undone
    assert set(people.lists(OLA).values()) == {"active"}


@pytest.mark.parametrize("lists", [[], ["oslo"], ["no\0list"]])
def test_undoing_is_never_trusted_with_anything_else(ask: Ask, people: Any, lists: list[str]) -> None:
    path = f"/leave/{people.token(OLA)}"
    ask("POST", path, data={"scope": "fonna"})
    before = people.lists(OLA)
    assert "<h1>Ingenting er endra</h1>" in ask("POST", path, data={"action": "undo", "list": lists}).text
    assert people.lists(OLA) == before


def test_after_the_button_the_page_can_be_read_again_and_switched_without_posting_anew(ask: Ask, people: Any) -> None:
    path = f"/leave/{people.token(OLA)}"
    answer = ask("POST", path, data={"scope": "fonna"})
    assert [each.status_code for each in answer.history] == [303]
    assert answer.history[0].headers["cache-control"] == "no-store"
    assert str(answer.url).endswith(f"{path}?done=left&list=fonna")
    assert ask("GET", str(answer.url)).text == answer.text
    (english,) = re.findall(r'href="([^"]*)" lang="en"', answer.text)
    switched = ask("GET", path + english.replace("&amp;", "&")).text
    assert "<h1>You have left a list</h1>" in switched
    assert 'no longer on the list “<span lang="nb">Helsefellesskapet i Helse Fonna</span>”' in switched
    assert len(people.services.subscribers.history(OLA)) == 4


def test_whoever_opens_the_link_again_within_an_hour_is_offered_to_undo(
    ask: Ask, people: Any, services: Services
) -> None:
    path, now = f"/leave/{people.token(OLA)}", services.subscribers.clock
    ask("POST", path, data={"scope": "fonna"})
    page = ask("GET", path).text
    assert "<h1>Meld deg av</h1>" in page
    assert "Du kan angre i éin time." in page
    assert _undoing(page)["list"] == ["fonna"]
    ask("POST", f"/one-click/{people.token(OLA)}", data=ONE_CLICK)
    page = ask("GET", path).text
    assert _undoing(page)["list"] == ["bergen", "nasjonale"]
    services.subscribers.clock = lambda: now() + timedelta(minutes=61)
    for later in (ask("GET", path), ask("GET", f"{path}?done=left&list=fonna")):
        assert "<h1>Du er meld av</h1>" in later.text
        assert "Angre" not in later.text
        assert "Vil du ha nyheitsbrevet igjen? Skriv til <a" in later.text


@pytest.mark.parametrize("said", ["done=undone&list=oslo", "done=undone", "done=left&list=fonna", "done=unclear"])
def test_an_address_that_says_what_was_not_done_is_not_believed(ask: Ask, people: Any, said: str) -> None:
    assert "<h1>Meld deg av</h1>" in ask("GET", f"/leave/{people.token(OLA)}?{said}").text


def test_only_one_list_can_be_left(ask: Ask, people: Any) -> None:
    path = f"/leave/{people.token(OLA)}"
    assert "Berre lista «Helsefellesskap" in ask("GET", path).text
    page = ask("POST", path, data={"scope": "fonna"}).text
    assert "Du får framleis nyheitsbrevet gjennom" in page
    assert people.lists(OLA) == {"bergen": "active", "fonna": "unsubscribed", "nasjonale": "active"}


@pytest.mark.parametrize("scope", ["oslo", "no-such-list", "no\0list", ""])
def test_a_list_the_person_is_not_on_leaves_nothing_and_the_page_says_so(ask: Ask, people: Any, scope: str) -> None:
    page = ask("POST", f"/leave/{people.token(OLA)}", data={"scope": scope}).text
    assert "<h1>Ingenting er endra</h1>" in page
    assert "Du er ikkje på lista du ville melde deg av." in page
    assert "Du får framleis nyheitsbrevet gjennom" in page
    assert "Meld meg av</button>" in page
    assert set(people.lists(OLA).values()) == {"active"}


def test_pressing_the_button_for_one_list_twice_is_leaving_it_once(ask: Ask, people: Any) -> None:
    pages = [ask("POST", f"/leave/{people.token(OLA)}", data={"scope": "fonna"}).text for _ in range(2)]
    assert pages[0] == pages[1]
    assert "Du er meld av ei liste" in pages[0]
    assert len(people.services.subscribers.history(OLA)) == 4


def test_undoing_says_when_there_is_nothing_to_undo(ask: Ask, people: Any) -> None:
    path = f"/leave/{people.token(KARI)}"
    undoing = {"action": "undo", "list": "more-og-romsdal"}
    assert "Det er ikke lenger noe å angre" in ask("POST", path, data=undoing).text
    ask("POST", path, data={"scope": "all"})
    suppress(people.services.subscribers, KARI, reason=SuppressionReason.COMPLAINT)
    page = ask("POST", path, data=undoing).text
    assert "<h1>Ingenting er endret</h1>" in page
    assert "Du får ikke flere nyhetsbrev fra oss" in page


def test_a_list_that_was_merged_and_came_back_can_be_left_again(ask: Ask, services: Services) -> None:
    without_fonna = replace(services.register, lists=tuple(x for x in services.register.lists if x.slug != "fonna"))
    merge_lists(services.subscribers, without_fonna, "fonna", "bergen")
    sync_lists(services.database, services.register, now=services.clock())
    new = services.subscribers.add("per@fonna.example", lists=["fonna"], basis="e: case 1")
    path = f"/leave/{make_token(services.keys, purpose='leave', subscriber_id=new.id)}"
    assert "Meld meg av</button>" in ask("GET", path).text
    assert "Angre – meld meg på igjen" in ask("POST", path, data={"scope": "all"}).text


def test_undoing_reaches_only_what_was_left_just_now(ask: Ask, people: Any, services: Services) -> None:
    people.services.subscribers.remove(OLA, list_slug="fonna")
    now = services.subscribers.clock
    services.subscribers.clock = lambda: now() + timedelta(hours=2)
    path = f"/leave/{people.token(OLA)}"
    ask("POST", path, data={"scope": "bergen"})
    ask("POST", path, data={"action": "undo", "list": ["bergen", "fonna"]})
    assert people.lists(OLA) == {"bergen": "active", "fonna": "unsubscribed", "nasjonale": "active"}


def test_nobody_who_is_suppressed_comes_back_by_undoing(ask: Ask, people: Any) -> None:
    left = ask("POST", f"/leave/{people.token(KARI)}", data={"scope": "all"}).text
    suppress(people.services.subscribers, KARI, reason=SuppressionReason.COMPLAINT)
    ask("POST", f"/leave/{people.token(KARI)}", data=_undoing(left))
    assert set(people.lists(KARI).values()) == {"suppressed"}


@pytest.mark.parametrize(
    "body",
    [
        {"data": ONE_CLICK},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
        {},
        {"data": {f"field{number}": "x" for number in range(25)}},
        {"content": b"scope=fonna&" + b"x" * 20_000},
        {"content": b"\xff\0=%00&;=&"},
    ],
)
def test_one_click_leaves_all_lists_however_the_form_is_encoded(ask: Ask, people: Any, body: Any) -> None:
    path = f"/one-click/{people.token(OLA)}"
    for _ in range(2):
        answer = ask("POST", path, **body)
        assert answer.status_code == 200
        assert answer.history == []
        assert "set-cookie" not in answer.headers
        assert set(people.lists(OLA).values()) == {"unsubscribed"}
    left = [each for each in people.services.subscribers.history(OLA) if each.action == "unsubscribed"]
    assert [each.actor for each in left] == ["the person, by one click"] * 3


def test_a_mail_providers_one_address_may_post_for_any_number_of_readers(ask: Ask, services: Services) -> None:
    readers = [services.subscribers.add(f"p{each}@x.example", lists=["oslo"], basis="e: case 1") for each in range(40)]
    tokens = [make_token(services.keys, purpose="leave", subscriber_id=each.id) for each in readers]
    answers = {ask("POST", f"/one-click/{each}", data=ONE_CLICK).status_code for each in tokens}
    assert answers == {200}
    assert {each.exclusion for each in services.subscribers.read_audience(["oslo"])} == {"unsubscribed"}


def _erase(services: Services, folder: Path) -> None:
    erase(services.subscribers, KARI, workspace=folder)


def _erase_and_add_anew(services: Services, folder: Path) -> None:
    erase(services.subscribers, KARI, workspace=folder)
    release(services.subscribers, KARI, note="asked to get it again")
    services.subscribers.add(KARI, lists=["more-og-romsdal"], basis="a: asked")


def _undo_the_import_and_import_again(services: Services, folder: Path) -> None:
    file, store = folder / "people.csv", services.subscribers
    file.write_text(f"epost;liste\n{KARI};more-og-romsdal\n", encoding="utf-8")
    options = ImportOptions(defaults=RowDefaults(basis="e: case 1"))
    with store.database.writing() as connection:
        delete_people(connection, subscriber.c.address == KARI)
    report = import_files(store, services.register, [file], options=options)
    assert report.id is not None
    undo_import(store, report.id)
    assert store.show(KARI) is None
    import_files(store, services.register, [file], options=options)


def test_a_link_does_not_lead_to_somebody_who_got_the_number_after_a_backup_was_put_back(
    ask: Ask, people: Any, services: Services
) -> None:
    """As if a backup of before KARI was added had been put back, and another person added then."""
    leave, preferences = people.token(KARI), people.token(KARI, "preferences")
    with services.database.writing() as connection:
        values = {"address": "new@x.example", "address_as_given": "new@x.example", "domain": "x.example"}
        later = {"created_at": services.clock() + timedelta(microseconds=1)}
        connection.execute(subscriber.update().where(subscriber.c.address == KARI).values(values | later))
    pages = [ask("GET", f"/{room}/{leave}") for room in ("leave", "one-click")]
    pages += [ask("GET", f"/preferences/{preferences}")]
    posted: list[dict[str, Any]] = [{}, {"data": {"scope": "all"}}, {"data": {"scope": "more-og-romsdal"}}]
    pages += [ask("POST", f"/leave/{leave}", **each) for each in posted]
    for page in pages:
        assert page.status_code == 200
        assert "<h1>Lenken gjelder ikke lenger</h1>" in page.text
        assert "x.example" not in page.text
    answer = ask("POST", f"/one-click/{leave}", data=ONE_CLICK)
    assert (answer.status_code, answer.text.partition(":")[0]) == (200, "This link is no longer in force")
    assert people.lists("new@x.example") == {"more-og-romsdal": "active"}


@pytest.mark.parametrize("happened", [_erase, _erase_and_add_anew, _undo_the_import_and_import_again])
def test_a_link_whose_person_is_gone_says_so_and_calls_nobody_unsubscribed(
    ask: Ask, people: Any, tmp_path: Path, happened: Callable[[Services, Path], None]
) -> None:
    leave, preferences = people.token(KARI), people.token(KARI, "preferences")
    happened(people.services, tmp_path)
    before = people.services.subscribers.find(KARI)
    undoing = {"action": "undo", "list": "more-og-romsdal"}
    pages = [ask("GET", f"/{room}/{leave}") for room in ("leave", "one-click")]
    pages += [ask("GET", f"/preferences/{preferences}"), ask("GET", f"/leave/{leave}?done=left")]
    posted: list[dict[str, Any]] = [{}, {"data": {"scope": "all"}}, {"data": undoing}, {"content": b"x" * 20_000}]
    pages += [ask("POST", f"/leave/{leave}", **each) for each in posted]
    for page in pages:
        assert page.status_code == 200
        assert "<h1>Lenken gjelder ikke lenger</h1>" in page.text
        assert "Du er meldt av" not in page.text
        assert "<form" not in page.text
        assert 'class="mail" href="mailto:redaksjon@nyhetsbrev.example"' in page.text
    clicked = ask("POST", f"/one-click/{leave}", data=ONE_CLICK)
    assert clicked.status_code == 200
    assert clicked.text.startswith("This link is no longer in force")
    assert "Unsubscribed" not in clicked.text
    assert people.services.subscribers.find(KARI) == before


def test_the_link_of_somebody_who_moved_still_unsubscribes_them(ask: Ask, people: Any) -> None:
    token = people.token(KARI)
    move_person(people.services.subscribers, KARI, "kari@fylke.example")
    assert "Meld meg av</button>" in ask("GET", f"/leave/{token}").text
    assert ask("POST", f"/one-click/{token}", data=ONE_CLICK).text == "Unsubscribed.\n"
    assert people.lists("kari@fylke.example") == {"more-og-romsdal": "unsubscribed"}


@pytest.mark.parametrize("is_merged", [True, False])
def test_the_link_of_somebody_whose_list_is_no_more_still_unsubscribes_them(
    ask: Ask, people: Any, *, is_merged: bool
) -> None:
    store, register = people.services.subscribers, people.services.register
    token = people.token(KARI)
    kept = replace(register, lists=tuple(each for each in register.lists if each.slug != "more-og-romsdal"))
    if is_merged:
        merge_lists(store, kept, "more-og-romsdal", "bergen")
    assert "Meld meg av</button>" in ask("GET", f"/leave/{token}").text
    assert ask("POST", f"/one-click/{token}", data=ONE_CLICK).text == "Unsubscribed.\n"
    assert people.lists(KARI) == {"bergen" if is_merged else "more-og-romsdal": "unsubscribed"}
    assert [each for each in store.read_audience() if each.address == KARI and not each.exclusion] == []


@pytest.mark.parametrize(
    ("lang", "said"), [("nb", "gjelder ikke"), ("nn", "gjeld ikkje"), ("en", "no longer in force")]
)
def test_a_link_whose_person_is_gone_speaks_the_language_that_is_asked_for(
    ask: Ask, services: Services, lang: str, said: str
) -> None:
    token = make_token(services.keys, purpose="leave", subscriber_id=987_654)
    assert f'<html lang="{lang}">' in ask("GET", f"/leave/{token}?lang={lang}").text
    assert said in ask("GET", f"/leave/{token}", headers={"Accept-Language": lang}).text


def test_a_link_of_a_test_send_says_so_and_changes_nothing(ask: Ask, people: Any) -> None:
    token = people.token(KARI, "test")
    for method, room in (("GET", "leave"), ("POST", "leave"), ("GET", "one-click"), ("GET", "preferences")):
        assert "Dette er en test" in ask(method, f"/{room}/{token}").text
    assert ask("POST", f"/one-click/{token}").text == "This is a test. Nothing has changed.\n"
    assert set(people.lists(KARI).values()) == {"active"}


@pytest.mark.parametrize(
    ("room", "purposes"),
    [
        ("leave", ["confirm", "preferences"]),
        ("one-click", ["confirm", "preferences"]),
        ("preferences", ["confirm", "leave"]),
    ],
)
def test_a_link_opens_only_the_page_it_was_made_for(ask: Ask, people: Any, room: str, purposes: list[str]) -> None:
    for token in [people.token(OLA, purpose) for purpose in purposes]:
        assert "Lenken virker ikke" in ask("GET", f"/{room}/{token}").text
        answer = ask("POST", f"/{room}/{token}", data=ONE_CLICK)
        assert (answer.status_code, "unsubscribed" in answer.text.lower()) == (
            405 if room == "preferences" else 404,
            False,
        )
    assert set(people.lists(OLA).values()) == {"active"}


def test_the_page_that_a_mail_links_to_for_changing_a_subscription_leaves_too(ask: Ask, people: Any) -> None:
    page = ask("GET", f"/preferences/{people.token(OLA, 'preferences')}").text
    assert "<h1>Vel lister du vil forlate</h1>" in page
    assert 'value="all" required>' in page
    assert " checked" not in page
    (action,) = re.findall(r'action="([^"]*)"', page)
    ask("POST", action, data={"scope": "fonna"})
    assert people.lists(OLA) == {"bergen": "active", "fonna": "unsubscribed", "nasjonale": "active"}


@pytest.mark.parametrize(
    "path", ["/leave/abc", "/one-click/abc", "/preferences/", "/leave/æ", "/nowhere", "/a/b/c", "/nowhere/"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_address_that_is_none_of_ours_gets_a_page_that_says_nothing_has_changed(
    ask: Ask, method: str, path: str
) -> None:
    answer = ask(method, path)
    assert answer.status_code in {404, 405}


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS"])
def test_who_asks_in_another_way_is_told_which_ways_there_are_and_nothing_changes(
    ask: Ask, people: Any, method: str
) -> None:
    for room, allowed in (("leave", "GET, HEAD, POST"), ("one-click", "GET, HEAD, POST"), ("preferences", "GET, HEAD")):
        answer = ask(method, f"/{room}/{people.token(OLA)}")
        assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)
        assert answer.headers["Cache-Control"] == "no-store"
    assert set(people.lists(OLA).values()) == {"active"}


def test_a_page_from_before_a_merger_leaves_the_list_that_its_list_is_part_of(ask: Ask, people: Any) -> None:
    register = people.services.register
    kept = tuple(each for each in register.lists if each.slug != "fonna")
    merge_lists(people.services.subscribers, replace(register, lists=kept), "fonna", "bergen")
    left = ask("POST", f"/leave/{people.token(OLA)}", data={"scope": "fonna"})
    assert ("done", "left") in left.url.params.multi_items()
    assert ("list", "bergen") in left.url.params.multi_items()
    assert (people.lists(OLA)["bergen"], people.lists(OLA)["nasjonale"]) == ("unsubscribed", "active")


def test_only_who_has_several_lists_is_told_that_the_others_go_on(ask: Ask, people: Any) -> None:
    hint = "Vel du éi liste, får du framleis nyheitsbrevet gjennom dei andre."
    assert hint in ask("GET", f"/leave/{people.token(OLA)}").text
    page = ask("GET", f"/preferences/{people.token(KARI, 'preferences')}?lang=nn").text
    assert hint not in page
    assert "<h1>Meld deg av</h1>" in page


def test_only_who_is_on_no_list_any_more_is_told_what_is_remembered(ask: Ask, people: Any) -> None:
    path, note = f"/leave/{people.token(OLA)}", "Vi hugsar at du har meldt deg av"
    assert note not in ask("POST", path, data={"scope": "fonna"}).text
    page = ask("POST", path, data={"scope": "all"}).text
    assert note in page
    assert "Gjeld adressa <strong>o•••••<wbr>@bergen<wbr>.example</strong></p>" in page


def test_norwegian_names_of_lists_on_an_english_page_say_that_they_are_norwegian(ask: Ask, people: Any) -> None:
    page = ask("GET", f"/leave/{people.token(OLA)}?lang=en").text
    assert page.count('Only the list “<span lang="nb">') == 3


def test_pages_speak_the_readers_language_and_can_be_switched(ask: Ask, people: Any) -> None:
    path = f"/leave/{people.token(OLA)}"
    assert '<html lang="nn">' in ask("GET", path).text
    assert "Unsubscribe me" in ask("GET", f"{path}?lang=en").text
    assert '<html lang="nb">' in ask("GET", f"{path}?lang=nb").text
    assert '<html lang="nn">' in ask("GET", f"{path}?lang=xx").text


@pytest.mark.parametrize(
    ("header", "lang"),
    [
        ("nn-NO,nn;q=0.9,nb;q=0.8,en;q=0.5", "nn"),
        ("en-GB", "en"),
        ("no", "nb"),
        ("sv, en;q=0.4, nn;q=0.7", "nn"),
        ("en;q=0, nn;q=nonsense, *;q=0.1", "nb"),
        ("de", "nb"),
        ("", "nb"),
    ],
)
def test_where_no_reader_is_known_the_page_speaks_the_browsers_language(ask: Ask, header: str, lang: str) -> None:
    for path in ("/leave/wrong", "/nowhere"):
        answer = ask("GET", path, headers={"Accept-Language": header})
        assert f'<html lang="{lang}">' in answer.text
        assert answer.headers["vary"] == "Accept-Language"
    assert '<html lang="nb">' in ask("GET", "/nowhere?lang=nb", headers={"Accept-Language": header}).text


def test_a_known_readers_own_language_comes_before_the_browsers(ask: Ask, people: Any) -> None:
    page = ask("GET", f"/leave/{people.token(OLA)}", headers={"Accept-Language": "en"}).text
    assert '<html lang="nn">' in page


@pytest.mark.parametrize("path", ["//evil.example/x", "/%2Fevil.example/x", "/leave/wrong"])
@pytest.mark.parametrize("host", ["nyhetsbrev.example", "[", "evil.example/x"])
def test_the_languages_of_a_page_never_link_to_another_site(ask: Ask, path: str, host: str) -> None:
    address = f"https://nyhetsbrev.example{path}"
    page = ask("GET", address, headers={"Host": host}).text
    links = re.findall(r'href="([^"]*)" lang="', page)
    assert [urljoin(address, each) for each in links] == [f"{address}?lang=nn", f"{address}?lang=en"]


def test_every_page_forbids_scripts_frames_caches_and_telling_where_from(ask: Ask, people: Any) -> None:
    for method, path in (
        ("GET", f"/leave/{people.token(KARI)}"),
        ("POST", f"/leave/{people.token(KARI)}"),
        ("POST", f"/one-click/{people.token(KARI)}"),
        ("GET", "/leave/wrong"),
        ("GET", "/nowhere"),
    ):
        headers = ask(method, path).headers
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert "script-src" not in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["x-robots-tag"] == "noindex"
        assert "set-cookie" not in headers


def test_a_form_that_is_too_large_changes_nothing_and_says_so(ask: Ask, people: Any) -> None:
    answer = ask("POST", f"/leave/{people.token(OLA)}", content=b"scope=fonna&" + b"x" * 20_000)
    assert answer.status_code == 413
    assert '<html lang="nn">' in answer.text
    assert "<h1>Ingenting er endra</h1>" in answer.text
    assert "Meld meg av</button>" in answer.text
    assert set(people.lists(OLA).values()) == {"active"}


def test_a_large_form_is_not_read_to_its_end(application: Starlette, people: Any) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b"x" * 1000

    async def send(room: str) -> int:
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="https://nyhetsbrev.example") as client:
            answer = await client.post(f"/{room}/{people.token(OLA)}", content=endless())
            return answer.status_code

    assert [asyncio.run(send(room)) for room in ("leave", "one-click")] == [413, 200]
    assert read <= 24


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"content": b"", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"data": ONE_CLICK},
        {"files": {"scope": (None, "fonna")}},
        {"content": b"\xff\0=%00&;=&"},
        {"data": {f"field{number}": "x" for number in range(25)}},
    ],
)
def test_a_form_that_is_not_the_pages_own_changes_nothing_and_says_so(ask: Ask, people: Any, body: Any) -> None:
    answer = ask("POST", f"/leave/{people.token(OLA)}", **body)
    assert answer.status_code == 400
    assert "Det som vart sendt, kunne ikkje lesast." in answer.text
    assert set(people.lists(OLA).values()) == {"active"}


def test_any_number_of_other_fields_does_not_hinder_leaving_one_list(ask: Ask, people: Any) -> None:
    fields = {f"field{number}": "x" for number in range(25)}
    assert ask("POST", f"/leave/{people.token(OLA)}", data=fields | {"scope": "fonna"}).status_code == 200
    assert people.lists(OLA) == {"bergen": "active", "fonna": "unsubscribed", "nasjonale": "active"}


def test_a_hundred_thousand_forged_tokens_open_nothing(people: Any) -> None:
    keys, real = people.services.keys, people.token(KARI)
    chosen = random.Random(20231201)
    forged: set[str] = set()
    while len(forged) < 100_000:
        forged.add(_forged(real, chosen))
    assert [each for each in forged - {real} if parse_token(keys, each) is not None] == []


def _forged(real: str, chosen: random.Random) -> str:
    """Mere letters, or a real token with some letters changed: another number or purpose, another signature."""
    letters = string.ascii_letters + string.digits + "-_"
    if chosen.randrange(4) == 0:
        return "".join(chosen.choices(letters, k=34))
    token = list(real)
    for _ in range(chosen.randrange(1, 4)):
        token[chosen.randrange(34)] = chosen.choice(letters)
    return "".join(token)


@settings(max_examples=EXAMPLES * 2 // 5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(token=st.text(max_size=60), body=st.binary(max_size=200))
def test_nothing_that_is_posted_at_random_changes_anybody_or_ends_in_a_bug(
    ask: Ask, people: Any, token: str, body: bytes
) -> None:
    from urllib.parse import quote

    for room in ("leave", "one-click"):
        answer = ask("POST", f"/{room}/{quote(token, safe='')}", content=body)
        assert answer.status_code in {404, 405}
    assert people.lists(KARI) == {"more-og-romsdal": SubscriptionStatus.ACTIVE}


def test_an_address_is_known_again_only_by_who_has_it() -> None:
    assert mask("kari.nordmann@molde.example") == "k•••••@molde.example"
