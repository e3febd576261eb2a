"""The leave page and the one-click endpoint (RFC 8058): a GET shows, only a POST changes."""

import logging
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from mailer.database.failures import BusyError
from mailer.subscribers.model import ALL_LISTS
from mailer.subscribers.people.leaving import LinkOwner, read_asked, read_link_owner, undo_leaving
from mailer.subscribers.tokens import Purpose, Token, parse_token
from mailer.web.forms import parse_wish, read_form
from mailer.web.outcomes import Done, PageOutcome, read_outcome
from mailer.web.site import HEADERS, Site

if TYPE_CHECKING:
    from mailer.languages import Lang
    from mailer.subscribers.people.store import SubscriberStore

# RFC 8058 knows only success: a sender of the post would else try again, or call the link broken.
_GONE = (
    "This link is no longer in force: the subscription it belongs to has been deleted. Nothing has changed.\n"
    "If you still get newsletters from us, use the link in the latest one, or write to {contact}.\n"
)
_STATUSES: dict[Done, int] = {"unclear": 400, "too-large": 413}

log = logging.getLogger(__name__)


class Leaving:
    """The handlers of the leave page. A valid token of a person no longer stored says so, instead of leaving."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.keys = site.services.keys

    def show(self, request: Request) -> Response:
        """The page with the button; nothing changes, however often it is fetched."""
        return self._show(request, purpose="leave")

    def show_preferences(self, request: Request) -> Response:
        """The same page, where a mail says *Change your subscription*."""
        return self._show(request, purpose="preferences")

    async def submit(self, request: Request) -> Response:
        """Leave, or take it back; who did either is sent on to the page that says so."""
        form = await read_form(request)
        return await run_in_threadpool(self._submit, request, form)

    async def one_click(self, request: Request) -> Response:
        """Leave all lists, as a mail program asks for, whatever the form says; no redirect and no cookie."""
        await read_form(request)
        return await run_in_threadpool(self._one_click, request)

    def _show(self, request: Request, *, purpose: Purpose) -> Response:
        token = self._token(request, purpose=purpose)
        if token is None or token.purpose == "test":
            return self._no_reader(request, token)
        try:
            reader = _read_reader(self.site.services.subscribers, token)
        except BusyError:
            return self._page_unread(request, token)
        if reader is None:
            return self._gone(request)
        outcome = read_outcome(request.query_params, reader)
        return self._page(request, token, reader, outcome, is_open=purpose == "preferences")

    def _submit(self, request: Request, form: bytes | None) -> Response:
        token = self._token(request)
        if token is None or token.purpose == "test":
            return self._no_reader(request, token)
        store = self.site.services.subscribers.acting_as("the person, on the leave page")
        wish = None if form is None else parse_wish(form)
        try:
            reader = _read_reader(store, token)
        except BusyError:
            if wish is None or wish.undo:
                raise
            return self._go_on(request, token, self._leave_unread(store, token.subscriber_id, wish.scope))
        if reader is None:
            return self._gone(request)
        if wish is None:
            failed = PageOutcome(done="too-large" if form is None else "unclear")
            return self._page(request, token, reader, failed)
        if wish.undo:
            return self._go_on(request, token, self._undo(store, token.subscriber_id, wish.undo))
        return self._go_on(request, token, self._leave(store, reader, wish.scope))

    def _undo(self, store: "SubscriberStore", subscriber_id: int, lists: tuple[str, ...]) -> PageOutcome:
        back = undo_leaving(store, subscriber_id, lists=lists)
        log.info("undone subscriber=%d lists=%d", subscriber_id, len(back))
        return PageOutcome(done="undone", lists=back) if back else PageOutcome(done="nothing-to-undo")

    def _leave(self, store: "SubscriberStore", reader: LinkOwner, scope: str) -> PageOutcome:
        """Leave the lists of the wish; the page may be old, and a list not the person's any more."""
        scope = reader.part_of.get(scope, scope)
        left: tuple[str, ...] | None = ()
        if scope == ALL_LISTS:
            left = store.leave_at_once(reader.subscriber_id)
        elif scope in reader.lists:
            left = store.leave_at_once(reader.subscriber_id, list_slug=scope)
        if left is None:  # the tables went away after they were read
            left = reader.lists if scope == ALL_LISTS else (scope,)
        log.info("left subscriber=%d lists=%d", reader.subscriber_id, len(left))
        if left:
            return PageOutcome(done="left", lists=left)
        if scope == ALL_LISTS:  # once more, by a second press
            return PageOutcome(done="left", lists=reader.left_last)
        return PageOutcome(done="left", lists=(scope,)) if scope in reader.just_left else PageOutcome(done="not-on-it")

    def _leave_unread(self, store: "SubscriberStore", subscriber_id: int, scope: str) -> PageOutcome:
        """Leave the lists of the wish, while the database keeps readers out, whichever the person is on."""
        if scope != ALL_LISTS and not any(scope == each.slug for each in self.site.services.register.lists):
            return PageOutcome(done="not-on-it")
        store.leave_at_once(subscriber_id, list_slug=None if scope == ALL_LISTS else scope)
        log.info("left subscriber=%d unread", subscriber_id)
        return PageOutcome(done="left", lists=() if scope == ALL_LISTS else (scope,))

    def _go_on(self, request: Request, token: Token, outcome: PageOutcome) -> Response:
        """Redirect to a page that may be read again, switched to another language or kept, without posting anew."""
        lang = [("lang", each) for each in request.query_params.getlist("lang")[:1]]
        address = f"{self._action(token)}?{urlencode([*lang, *outcome.query])}"
        return RedirectResponse(address, status_code=303, headers=HEADERS)

    def _one_click(self, request: Request) -> Response:
        token = self._token(request)
        if token is None:
            return PlainTextResponse("This link is not one of ours.\n", status_code=404, headers=HEADERS)
        if token.purpose == "test":
            return PlainTextResponse("This is a test. Nothing has changed.\n", headers=HEADERS)
        store = self.site.services.subscribers.acting_as("the person, by one click")
        if self._is_gone(store, token):
            return PlainTextResponse(_GONE.format(contact=self.site.contact), headers=HEADERS)
        left = store.leave_at_once(token.subscriber_id)
        log.info("one-click subscriber=%d lists=%s", token.subscriber_id, "unread" if left is None else len(left))
        return PlainTextResponse("Unsubscribed.\n", headers=HEADERS)

    def _is_gone(self, store: "SubscriberStore", token: Token) -> bool:
        try:
            return _read_reader(store, token) is None
        except BusyError:
            return False

    def _token(self, request: Request, *, purpose: Purpose = "leave") -> Token | None:
        """Return the token of the address, or None when it is not signed here or was made for another purpose."""
        token = parse_token(self.keys, request.path_params["token"])
        return token if token and token.purpose in {purpose, "test"} else None

    def _action(self, token: Token) -> str:
        return f"{self.site.path}/leave/{replace(token, purpose='leave').sign(self.keys)}"

    def _page(
        self, request: Request, token: Token, reader: LinkOwner, outcome: PageOutcome, *, is_open: bool = False
    ) -> Response:
        """The page of a reader; when it `is_open`, nothing is chosen beforehand."""
        lang = self.site.lang(request, reader.lang)
        can_come_back = outcome.lists if outcome.done == "left" else reader.left_last
        return self.site.page(
            "leave",
            lang=lang,
            status=_STATUSES.get(outcome.done, 200),
            kept=outcome.query,
            done=outcome.done,
            is_open=is_open,
            action=self._action(token),
            address=mask(reader.address),
            lists=self._names(reader.lists, lang),
            left=self._names(can_come_back, lang),
            back=self._names(outcome.lists if outcome.done == "undone" else (), lang),
        )

    def _page_unread(self, request: Request, token: Token) -> Response:
        """The page while the database keeps readers out: the lists they asked to leave, or the button that asks."""
        asked = read_asked(self.site.services.subscribers, token.subscriber_id)
        lang = self.site.lang(request)
        return self.site.page(
            "leave-unread",
            lang=lang,
            action=self._action(token),
            has_left=None in asked,
            left=self._names(tuple(slug for slug in asked if slug is not None), lang),
        )

    def _names(self, slugs: tuple[str, ...], lang: "Lang") -> list[tuple[str, str]]:
        found = {each.slug: each for each in self.site.services.register.lists}
        names = {slug: found[slug].name(lang) for slug in slugs if slug in found}
        return [(slug, names.get(slug, slug)) for slug in slugs]

    def _gone(self, request: Request) -> Response:
        """Return the page for a person erased, added anew, or taken back; they may get mail by another link."""
        return self.site.page("gone-link", lang=self.site.lang(request))

    def _no_reader(self, request: Request, token: Token | None) -> Response:
        template, status = ("bad-link", 404) if token is None else ("test-link", 200)
        return self.site.page(template, lang=self.site.lang(request), status=status)


def _read_reader(store: "SubscriberStore", token: Token) -> LinkOwner | None:
    """Return the person that a link was made for; None when they are gone, also when somebody new has their number."""
    found = read_link_owner(store, token.subscriber_id)
    return found if found and token.is_of(found.recorded_at) else None


def mask(address: str) -> str:
    """Hide most of the local part of an address: k•••••@molde.example."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}•••••@{domain}"
