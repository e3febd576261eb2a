"""Rules for what comes along from Outlook and Word: pictures, banners, greetings, signatures, heads of mails."""

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile

from mailer.catalogue import msg
from mailer.issue.lint.office import MEETING
from mailer.issue.lint.passages import Passage
from mailer.issue.lint.reading import LintInput, RuleHit, hit_in, hits_at_links
from mailer.issue.model import Block, Item, Paragraph, Table, plain_text

LENGTH_OF_A_HEAD = 500
PASSAGES_OF_A_HEAD = 4


_SIGNED = re.compile(
    r"(?<!\w)(?:(?i:med\s(?:vennlig|venleg|vennleg|beste|god|hjertelig|hjarteleg|kollegial)e?\s(?:hils|helsing)\w*"
    r"|mvh|(?:with\s)?(?:best|kind|warm)\sregards|yours\ssincerely|sincerely\syours)"
    r"|(?:(?m:^)[bv]|[BV])(?:este?|ennlig|enleg|ennleg)e?\s(?:hils|helsing)\w*"
    r"|(?m:^)(?:[Mm]ed\s(?:hilsen|helsing)|Hilsen|Helsing|Regards|Sincerely|Alt\sgodt))"
    r"(?=[.,:!]?\s*(?:\Z|\n|(?-i:[A-ZÆØÅ])))"
)
_GREETING = re.compile(
    r"(?:Hei|Hallo|Heisann|Hi|Hello|Dear|Kjære|God\s(?:dag|morgen|morgon|kveld)|Good\s(?:morning|afternoon|evening))"
    r"(?:\sigjen)?(?:\s(?:på\s)?(?:alle|alle\ssammen|alle\ssaman|alle\si\s\w+|all|everyone|dere|dykk|kollega\w*"
    r"|[A-ZÆØÅ][\w-]*(?:\s(?:og\s|and\s)?[A-ZÆØÅ][\w-]*){0,3}))?(?:\s?(?:[\u263a\U0001f300-\U0001faff]\ufe0f?|[:;]-?\)|J(?!\w)))*\s?(?:[,!]|\.?(?=\n|\Z))"
)
_WISH = re.compile(
    r"^(?:God\s(?:helg|påske|sommer|jul|kveld|dag)|Ha\se[ni]\s\w+\s\w+)[.!]?\n[A-ZÆØÅ]\w*(?: [A-ZÆØÅ]\w*)?\Z",
    re.MULTILINE,
)
"""A wish above the name of somebody who ends a mail with it."""
_SENT_BELOW = re.compile(r"[^\n]{1,200}\n(?:Sendt|Send|Sent):[^\n]{0,40}\d", re.IGNORECASE)
_FROM = re.compile(r"(?<!\w)(?:Fra|Frå|From):\s")
_SENT = re.compile(r"(?<!\w)(?:Sendt|Send|Sent|Dato|Date):\s")
_ABOUT = re.compile(r"(?<!\w)(?:Emne|Subject):")
_NAMES_DAYS = re.compile(
    r"(?<!\w)(?:\w*dato\w*|\w*frist\w*|date|deadline|når|start|slutt|dag|dager|dagar)(?!\w)", re.IGNORECASE
)
_DAY_OF_EXCEL = re.compile(r"(?:3[6-9]|4\d|5[0-4])\d{3}(?:[.,]\d{1,9})?")
"""The days from 1998 to 2050, counted from 1900."""
_NUMBER_OF_PAGE = re.compile(r"\d{1,2}(?:/\d{1,3})?|(?P<dash>[-–—]) ?\d{1,3} ?(?P=dash)")
_LINE_OF_PAGE = re.compile(r"^(?:\d{1,3}|(?P<dash>[-–—]) ?\d{1,3} ?(?P=dash))$", re.MULTILINE)
_NUMBER_ABOVE = re.compile(r"\d{1,3}\n")
_ENDS_SENTENCE = re.compile(r"[.!?…»”)]\Z")
_RUNNING = re.compile(r"[^\n]{40}|[^\n]*[.!?]$|[^\n:]{1,40}: \S|[0-9](?:\.[0-9])*\.? [A-ZÆØÅ]", re.MULTILINE)
"""A line of running text, one with a label and words behind it, or a heading with a number."""
_LONG_LINE = 40
_ENTRANCE = re.compile(
    r"https?://(?:teams\.(?:microsoft|live|cloud\.microsoft)(?:\.com)?/(?:l/meetup-join|meet)/|(?:[\w-]+\.)?zoom\.us/[jw]/"
    r"|meet\.google\.com/\w|[\w-]+\.webex\.com/)",
    re.IGNORECASE,
)
"""Addresses that let whoever opens them into a meeting."""
_OF_ONE_READER = re.compile(
    r"(?:[\w-]+\.)*list-manage\d*\.com/(?!track/|subscribe)"
    r"|[^/]*/(?:[^/]*/)*?[^/]*(?:unsub(?:scribe)?|opt-?out|avmeld(?:ing)?|meld-?av)(?![a-z])",
    re.IGNORECASE,
)
"""Hosts and paths by which one reader of another newsletter leaves it, or changes what they get."""
_NAME_OF_ONE = re.compile(r"/[\w-]{12}")
_REPLY = re.compile(
    r"(?:\[[^\]\n]{1,20}\]\s*)?(?:(?:SV|VS|RE|FWD?|AW|WG|Automatisk svar|Automatic reply|Videresendt|Vidaresendt?)"
    r"\s?(?:[\[(]\d+[\])])?:\s*)+",
    re.IGNORECASE,
)


def outlook_paste(reading: LintInput) -> Iterator[RuleHit]:
    """Find what programs for mail and for texts add, which is not for readers."""
    for passage in reading.all_words():
        for each, match in passage.debris:
            yield hit_in(passage, each.message, match[0], each.hint, at=match.start())
    for item in reading.issue.items:
        _, *passages = reading.passages[item.file]
        paragraphs = sum(1 for _ in takewhile(lambda block: isinstance(block, Paragraph), item.body))
        yield from _greeting(passages[:paragraphs])
        for passage in passages:
            for match in (*_SIGNED.finditer(passage.text), *_WISH.finditer(passage.text)):
                message, hint = msg("findings.pasted-signature"), msg("findings.pasted-signature-hint")
                yield hit_in(passage, message, match[0], hint, at=match.start())
        yield from _heads(passages)
        yield from _numbers_of_days(item)
        yield from _numbers_of_pages(item)
        yield from _lent_links(passages)


def reply_title(reading: LintInput) -> Iterator[RuleHit]:
    """Find a title that begins as the subject of an answer does."""
    message, hint = msg("findings.reply-title"), msg("findings.reply-title-fix")
    for passage in reading.all_words():
        if match := _REPLY.match(passage.text):
            yield hit_in(passage, message, match[0].rstrip(), hint, at=0)


def _greeting(passages: Sequence[Passage]) -> Iterator[RuleHit]:
    """Find a greeting at the beginning, also below banners, heads of mails and another greeting."""
    above = sum(1 for _ in takewhile(_belongs_to_mail, passages))
    for passage in passages[: above + 1]:
        if match := _GREETING.match(passage.text):
            message, hint = msg("findings.pasted-greeting"), msg("findings.pasted-greeting-hint")
            yield hit_in(passage, message, match[0], hint, at=0)


def _belongs_to_mail(passage: Passage) -> bool:
    """Return whether a passage is a banner, a head, a greeting or the end of a mail."""
    text = passage.text
    return bool(passage.debris or _GREETING.match(text) or _SIGNED.search(text) or _FROM.match(text))


def _numbers_of_days(item: Item) -> Iterator[RuleHit]:
    """Find days as Excel counts them, in columns that are named as those of days are."""
    message, hint = msg("findings.pasted-formula"), msg("findings.pasted-formula-hint")
    for table in (block for block in item.body if isinstance(block, Table)):
        days = [at for at, cell in enumerate(table.header) if _NAMES_DAYS.search(plain_text(cell.inlines))]
        for cell in (row[at] for row in table.rows for at in days):
            passage = Passage(file=item.file, line=cell.line, inlines=cell.inlines)
            if _DAY_OF_EXCEL.fullmatch(passage.text.strip()):
                yield hit_in(passage, message, passage.text.strip(), hint, at=0)


def _numbers_of_pages(item: Item) -> Iterator[RuleHit]:
    """Find the number of a page in a paragraph of its own; a figure stands below its name, or above small letters.

    Also as the only line of a paragraph that is a number; several paragraphs that begin with one are steps.
    """
    message, hint = msg("findings.page-number"), msg("findings.page-number-hint")
    steps = sum(1 for block in item.body if _NUMBER_ABOVE.match(_words_of(block)))
    for above, block, below in zip((None, *item.body), item.body, (*item.body[1:], None), strict=False):
        words = _words_of(block)
        is_figure = _words_of(above).endswith(":") or _words_of(below)[:1].islower()
        match = _NUMBER_OF_PAGE.fullmatch(words) or _line_between_pages(words, is_step=steps > 1)
        if isinstance(block, Paragraph) and match and not (is_figure and match[0] == words):
            passage = Passage(file=item.file, line=block.line, inlines=block.inlines)
            yield hit_in(passage, message, match[0], hint, at=match.start())


def _line_between_pages(text: str, *, is_step: bool) -> re.Match[str] | None:
    """Return the line that is a number, if it is the only one or ends the text, where sentences stand around it.

    Or one goes on below it.
    """
    lines = [*_LINE_OF_PAGE.finditer(text)]
    if not lines or lines[-1][0] == text:
        return None
    line = lines[-1]
    above, below = text[: line.start()].rstrip("\n"), text[line.end() :].lstrip("\n")
    ends = bool(_ENDS_SENTENCE.search(above))
    if len(lines) > 1 and (below or not ends):
        return None
    if below[:1].islower():
        return line if len(above.rpartition("\n")[2]) >= _LONG_LINE else None
    begins = ends if above else not is_step
    return line if begins and (not below or _RUNNING.match(below)) else None


def _words_of(block: Block | None) -> str:
    return plain_text(block.inlines) if isinstance(block, Paragraph) else ""


def _lent_links(passages: Sequence[Passage]) -> Iterator[RuleHit]:
    """Find links that were one person's: into a meeting to which the item holds the invitation, out of a newsletter."""
    if any(each is MEETING for passage in passages for each, _ in passage.debris):
        yield from hits_at_links(
            passages, MEETING.message, MEETING.hint, when=lambda link: bool(_ENTRANCE.match(link.url))
        )
    yield from hits_at_links(
        passages,
        msg("findings.link-of-one-reader"),
        msg("findings.link-of-one-reader-hint"),
        when=lambda link: _is_of_one_reader(link.url),
    )


def _is_of_one_reader(url: str) -> bool:
    """Return whether an address leads out of a newsletter and says whom, in its query or in a name of its own."""
    path, _, query = url.partition("#")[0].partition("?")
    path = path.partition("://")[2]
    match = _OF_ONE_READER.match(path)
    return match is not None and bool(query or _NAME_OF_ONE.search(path, match.end()))


def _heads(passages: Sequence[Passage]) -> Iterator[RuleHit]:
    """Find the head of a mail, in one paragraph or in one for each line of it."""
    message, hint = msg("findings.pasted-head"), msg("findings.pasted-head-hint")
    for number, passage in enumerate(passages):
        for begin in _FROM.finditer(passage.text):
            behind = passage.text[begin.end() :][:LENGTH_OF_A_HEAD]
            text = "\n".join((behind, *(each.text for each in passages[number + 1 : number + PASSAGES_OF_A_HEAD])))
            sent = _SENT.search(text)
            if _SENT_BELOW.match(text) or (sent and _ABOUT.search(text, sent.end())):
                yield hit_in(passage, message, begin[0].rstrip(), hint, at=begin.start())
