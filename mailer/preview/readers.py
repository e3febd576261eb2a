"""Find readers of the issue by name or address, and count those of each variant, without changing anything."""

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailer.catalogue import msg
from mailer.errors import MailerError
from mailer.issue.model import Issue
from mailer.languages import Lang
from mailer.subscribers.model import SubscriptionStatus
from mailer.subscribers.tokens import make_token
from mailer.usecases.state import require_keys_of_before

if TYPE_CHECKING:
    from mailer.bootstrap import Services
    from mailer.compose.composed import VariantKey
    from mailer.subscribers.model import Subscriber

FOUND_AT_MOST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewReader:
    """A subscriber as the preview needs one. The token is a test's: following the links changes nothing."""

    id: int
    name: str
    address: str
    lang: Lang
    lists: tuple[str, ...]
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantCount:
    """One variant of the issue: whose helsefellesskap stand first, in which language, for how many."""

    own: tuple[str, ...]
    lang: Lang
    recipients: int

    def is_for(self, key: "VariantKey") -> bool:
        """Return whether this is the variant of a key."""
        return (self.own, self.lang) == (key.own, key.lang)


class PreviewReaders:
    """The subscribers of a workspace; without a database there are none, and none is made."""

    def __init__(self, services: "Services") -> None:
        self._services = services
        self._groups: Counter[tuple[tuple[str, ...], Lang]] | None = None

    def renewed(self, services: "Services") -> "PreviewReaders":
        """The same people, by way of other services."""
        readers = PreviewReaders(services)
        readers._groups = self._groups
        return readers

    @property
    def exist(self) -> bool:
        """Return whether there is a database to read from."""
        url = self._services.settings.database.url
        return not url.startswith("sqlite:///") or self._services.settings.folder.joinpath(url[10:]).is_file()

    def find(self, query: str) -> tuple[PreviewReader, ...]:
        """The first readers whose name holds the words, or whose address begins with them."""
        if not query or not self.exist:
            return ()
        return tuple(self._reader(each) for each in self._services.subscribers.find(query)[:FOUND_AT_MOST])

    def get(self, number: int) -> PreviewReader:
        """One reader; raises `MailerError` when there is none of this number."""
        try:
            if self.exist:
                return self._reader(self._services.subscribers.get(number))
        except LookupError:
            pass
        raise MailerError(msg("preview.reader-is-gone"), hint=msg("preview.search-reader"))

    def variants(self, issue: Issue) -> tuple[VariantCount, ...]:
        """Return every variant with its recipients, the largest first; counted once, at the first call."""
        if not self._groups:
            self._groups = self._count()
        counts: Counter[tuple[tuple[str, ...], Lang]] = Counter()
        for (lists, lang), number in self._groups.items():
            key = self._services.composer.variant_key(issue, lists, lang=lang)
            counts[key.own, key.lang] += number
        return tuple(VariantCount(own=own, lang=lang, recipients=n) for (own, lang), n in counts.most_common())

    def _count(self) -> Counter[tuple[tuple[str, ...], Lang]]:
        if not self.exist:
            return Counter()
        audience = self._services.subscribers.read_audience()
        return Counter((each.helsefellesskap, each.lang) for each in audience if each.exclusion is None)

    def _reader(self, subscriber: "Subscriber") -> PreviewReader:
        require_keys_of_before(self._services)
        active = SubscriptionStatus.ACTIVE
        return PreviewReader(
            id=subscriber.id,
            name=subscriber.name,
            address=subscriber.address_as_given,
            lang=subscriber.lang,
            lists=tuple(each.list for each in subscriber.subscriptions if each.status is active),
            token=make_token(self._services.keys, purpose="test", subscriber_id=subscriber.id),
        )
