"""The Markdown parser: CommonMark, but for numbers, web addresses and paths, which stay as the editor wrote them."""

import re
from bisect import bisect_right
from collections import Counter
from types import SimpleNamespace
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import mdTrim
from markdown_it.helpers import parseLinkDestination, parseLinkLabel, parseLinkTitle
from markdown_it.rules_block import StateBlock, list_block
from markdown_it.rules_inline import StateInline, link
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.footnote.index import footnote_def

from mailer.issue.links.inside import is_path
from mailer.issue.links.urls import DOMAIN, find_verbatim, verbatim_end, web_address_end
from mailer.issue.markdown.line_ends import holds_wrapped_lines, stands_apart, wrapped_at
from mailer.issue.markdown.table_rules import add_tables, is_caption

NESTING_AT_MOST = 50
AS_WRITTEN = "as written"
"""The key in the parser's environment: where numbers stand that mark no points of lists, and whether each stands alone.

The place is a number of characters from the beginning of the text.
"""

ANGLED = "autolink"
"""The markup of a link that stands in angle brackets, in the words of the parser."""
SPACED_ADDRESS = "spaced_address"
"""The kind of a token that holds what is no link for the space in its address, which is the token's `info`."""

LINK_END = "end"
"""The key in what a token that closes a link says of it: where the text goes on."""

_ADDRESSES = "addresses"
_IS_WRAPPED = "is wrapped"
_TELEPHONE = re.compile(r"\+[ \t]+\d")
_TELEPHONE_ALONE = re.compile(r"\+[ \t]+[\d \t().-]+")
_LINE_MARKS = re.compile(r"^[^\S\n]*(?:(?:(?:>|(?:[-*+]|#{1,6}|[0-9]{1,9}[.)])(?=\s))[^\S\n]*)+|$)", re.MULTILINE)
_ODD_SPACE = re.compile(r"[^\S\n\t ]")
_SCHEME = re.compile(r"https?\Z", re.IGNORECASE)
_PATH = re.compile(r"(?:\\\\[\w.$-]+\\|(?<=[A-Za-z]:)\\)[^\s*<>\"?|\[\]]*")
_FILE = r"(?=(?:[^()<>\n]|\([^()<>\n]*\))*\.(?:png|jpe?g|gif|webp)\b)"
_BEGINS = (
    rf"(?:https?://|mailto:|tel:|www\.|(?:\.{{0,2}}[/\\])*images[/\\]|{_FILE}|file:|[a-z]:\\|\\\\(?=\w)|{DOMAIN}/)"
)
_PIECE = r"(?:[^\s()<>]|\([^()<>\n]*\))"
_SPACED = re.compile(
    rf"\]\(\s*(?P<round>{_BEGINS}{_PIECE}*(?:\s+{_PIECE}+)+)\s*\)|<(?P<angle>{_BEGINS}[^<>\s]*(?:\s+[^<>\s]+)+)\s*>",
    re.IGNORECASE,
)
_SPACED_TITLE = re.compile(r"\s+\"[^\"]*\"\Z")
_TEL = r"tel:\+?(?:[\d.-]|[^\S\n]|\([\d \t]*\))*\d"
_SPACES_ALLOWED = re.compile(rf"(?:{_TEL}|mailto:[^\s<>()?]+\?[^\n<>()\"]*[^\s<>()\"])(?=\s*\))", re.IGNORECASE)
_ANGLED = re.compile(rf"<({_TEL}|www\.{DOMAIN}[^\s<>]*)>", re.IGNORECASE)
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])|&(?:amp|#38);")
_BARE_STARS = re.compile(
    r"(?<=[^\W_])\*+(?=[^\W_])|(?<![^\s(\[])\*+(?=[)\],;:])|(?<=[(\[])\*+(?=\s)"
    r"|(?<=«)\*+(?=»)|(?<=“)\*+(?=”)|(?<=[”\"'’‘])\*+(?=[”\"'’])"
)
"""Stars inside a word, between brackets or quotation marks, and before a mark that no words begin with."""
_MARKS_BEFORE = 100
_LINES_LOOKED_AT = 10


def with_plain_spaces(text: str) -> str:
    """The text, as long as it was, with plain spaces where Word put others around marks, or on an empty line."""
    return _LINE_MARKS.sub(lambda marks: _ODD_SPACE.sub(" ", marks[0]), text)


def _is_as_written(state: StateBlock, line: int) -> bool:
    at = state.bMarks[line] + state.tShift[line]
    return at in state.env[AS_WRITTEN] or bool(_TELEPHONE.match(state.src, at))


def _as_written(state: StateBlock, line: int, end: int, silent: bool) -> bool:  # noqa: ARG001, FBT001 -- the parser's
    """End what stands above a line whose number or plus sign is no marker. The line itself is left to paragraphs.

    A number that stands alone, and on a line that may as well go on with the sentence above it, ends no paragraph.
    """
    if not silent or not _is_as_written(state, line):
        return False
    alone = state.env[AS_WRITTEN].get(state.bMarks[line] + state.tShift[line], False)
    return not (alone and state.parentType == "paragraph" and state.sCount[line] >= state.blkIndent)


def _stands_alone(state: StateBlock, line: int) -> bool:
    """Return whether a line holds only a telephone number that begins with `+ `."""
    return bool(_TELEPHONE_ALONE.fullmatch(state.src, state.bMarks[line] + state.tShift[line], state.eMarks[line]))


def _goes_on(state: StateBlock, line: int) -> bool:
    """Return whether a line begins as no sentence does, so that it goes on with the one above."""
    first = state.src[state.bMarks[line] + state.tShift[line]]
    return first.islower() or first in ",.;:)–"


def _less_quoted(state: StateBlock, line: int, end: int, silent: bool) -> bool:  # noqa: ARG001, FBT001 -- the same
    """End a quotation above a line that has no `>` of it, so that the lines below are not read for each one again."""
    return silent and _is_apart(state, line - 1, line)


def _list(state: StateBlock, line: int, end: int, silent: bool) -> bool:  # noqa: FBT001 -- the parser's own form
    """Read a list. Without code, four spaces are an indent as any: CommonMark's rule for them is switched off."""
    around, state.listIndent = state.listIndent, -1
    found = not _is_as_written(state, line) and list_block(state, line, end, silent)
    state.listIndent = around
    return found


def _paragraph(state: StateBlock, line: int, end: int, silent: bool) -> bool:  # noqa: ARG001, FBT001 -- the same
    """Read a paragraph. What ends it may stand four spaces in, which CommonMark takes for one more line of it."""
    ends = state.md.block.ruler.getRules("paragraph")
    around, state.parentType = state.parentType, "paragraph"
    below = line + 1
    while below < state.lineMax and not state.isEmpty(below):
        goes_on = state.sCount[below] < 0  # blockquotes say so, who have looked at the line
        if not goes_on and _stands_alone(state, below - 1) and not _goes_on(state, below):
            break
        if not goes_on and is_caption(state, below):
            break
        if not goes_on and any(rule(state, below, state.lineMax, True) for rule in ends):
            break
        if (goes_on or state.sCount[below] < state.blkIndent) and _is_apart(state, line, below):
            break
        below += 1
    state.parentType, state.line = around, below
    state.push("paragraph_open", "p", 1).map = [line, below]
    words = state.push("inline", "", 0)
    words.content = mdTrim(state.getLines(line, below, state.blkIndent, False))
    words.map, words.children = [line, below], []
    state.push("paragraph_close", "p", -1)
    return True


def _is_apart(state: StateBlock, line: int, below: int) -> bool:
    """Return whether a line below the words of a point or a quotation, but not as far in, is one of its own."""
    lines = [
        state.src[state.bMarks[each] : state.eMarks[each]].strip()
        for each in range(max(line, below - _LINES_LOOKED_AT), below + 1)
    ]
    if _IS_WRAPPED not in state.env:
        state.env[_IS_WRAPPED] = holds_wrapped_lines(state.src.split("\n"))
    return stands_apart(lines[-2], lines[-1], width=wrapped_at(lines), is_wrapped=state.env[_IS_WRAPPED])


def _web_address(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 -- the parser's own form
    """Take a bare web address whole, before its `_` and `*` can be taken for emphasis. In a link it stays words."""
    if not state.src.startswith("://", state.pos):
        return False
    scheme = _SCHEME.search(state.src, max(0, state.pos - 5), state.pos)
    if not scheme or (not silent and not state.pending.endswith(scheme[0])):
        return False
    end = web_address_end(state.src, scheme.start(), state.posMax, closing=_open_marks(state))
    if end <= state.pos:
        return False
    if not silent:
        written = _unescaped(state.src[scheme.start() : end])
        state.pending = state.pending.removesuffix(scheme[0])
        if "." in written and not state.linkLevel:
            _push_link(state, written)
        else:
            state.pending += written
    state.pos = end
    return True


def _spaced_address(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 -- the parser's own form
    """Take what would be a link if no space stood in its address, which is told, and not printed as it stands."""
    match = _SPACED.match(state.src, state.pos, state.posMax)
    if not match:
        return False
    if not silent:
        token = state.push(SPACED_ADDRESS, "", 0)
        token.content, token.info = match[0], _SPACED_TITLE.sub("", match["round"] or match["angle"])
    state.pos = match.end()
    return True


def _angled_address(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 -- the parser's own form
    """Make a link of what stands in angle brackets and is an address here, though not in CommonMark."""
    match = _ANGLED.match(state.src, state.pos, state.posMax)
    if not match or state.linkLevel:
        return False
    if not silent:
        _push_link(state, match[1], markup=ANGLED)
    state.pos = match.end()
    return True


def _link_destination(text: str, at: int, stop: int) -> Any:  # the parser's own result
    """Read where a link leads: a telephone number and the subject of a mail may have spaces, a path its backslashes."""
    result = parseLinkDestination(text, at, stop)
    if spaced := _SPACES_ALLOWED.match(text, at, stop):
        result.ok, result.pos, result.str = True, spaced.end(), spaced[0]
    elif result.ok:
        written = text[at : result.pos]
        result.str = _unescaped(written[1:-1] if written.startswith("<") else written)
    return result


def _unescaped(written: str) -> str:
    """The address without what Markdown and HTML put before or in the place of a sign; `&copy=` is none of HTML's."""
    return written if is_path(written) else _ESCAPED.sub(lambda found: found[1] or "&", written)


def _address(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 -- the parser's own form
    """Take any other bare address whole, before its `_` and `*` can be taken for emphasis. It stays words here."""
    spans = _verbatim_spans(state)
    nearest = bisect_right(spans, state.pos, key=lambda span: span[0]) - 1
    start, end, is_email = spans[nearest] if nearest >= 0 else (0, 0, False)
    if state.pos >= end:
        return False
    if not is_email:
        end = verbatim_end(state.src, start, min(end, state.posMax), closing=_open_marks(state))
    before = state.src[start : state.pos]
    if not state.pos < end <= state.posMax or (not silent and not state.pending.endswith(before)):
        return False
    if not silent:
        written = state.src[state.pos : end]
        state.pending += written if is_email else _unescaped(written)
    state.pos = end
    return True


def _verbatim_spans(state: StateInline) -> list[tuple[int, int, bool]]:
    """The addresses of a paragraph, looked for once."""
    looked_for = state.env.setdefault(_ADDRESSES, {})
    if state.src not in looked_for:
        looked_for.clear()
        looked_for[state.src] = find_verbatim(state.src)
    spans: list[tuple[int, int, bool]] = looked_for[state.src]
    return spans


def _link(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 -- the parser's own form
    """Read a link, and keep where it ends."""
    found = link(state, silent)
    if found and not silent:
        state.tokens[-1].meta[LINK_END] = state.pos
    return found


def _push_link(state: StateInline, address: str, *, markup: str = "") -> None:
    opened = state.push("link_open", "a", 1)
    opened.markup = markup
    opened.attrs, opened.info = {"href": address}, "auto"
    state.push("text", "", 0).content = address
    state.push("link_close", "a", -1)


def _open_marks(state: StateInline) -> Counter[str]:
    """Return how many `*` and `_` before this place wait for their other half, by the last of them."""
    marks: Counter[str] = Counter()
    for each in state.delimiters[-_MARKS_BEFORE:]:
        mark = chr(each.marker)
        if each.close and marks[mark]:
            marks[mark] -= 1
        elif each.open:
            marks[mark] += 1
    return marks


def _path(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 -- the parser's own form
    r"""Keep each backslash of a path, for example of `\\server\felles\_x`."""
    before = state.src[state.pos - 1 : state.pos]
    return before != "\\" and _verbatim(state, _PATH, silent=silent)


def _bare_stars(state: StateInline, silent: bool) -> bool:  # noqa: FBT001 -- the parser's own form
    """Keep stars that multiply, stand inside words as in `kolleg*er`, or alone as in `(*)`: CommonMark pairs them."""
    return _verbatim(state, _BARE_STARS, silent=silent)


def _verbatim(state: StateInline, pattern: re.Pattern[str], *, silent: bool) -> bool:
    match = pattern.match(state.src, state.pos, state.posMax)
    if not match:
        return False
    if not silent:
        state.pending += match[0]
    state.pos = match.end()
    return True


def _parser() -> MarkdownIt:
    """Return CommonMark without code, rules and underlined headings; addresses are checked later, with their line.

    `html` is on so that HTML is seen and refused, and not printed as text.
    """
    parser = MarkdownIt("commonmark", {"html": True, "maxNesting": 2 * NESTING_AT_MOST})
    parser.disable(["code", "fence", "backticks", "lheading", "reference"])
    above = ["paragraph", "reference", "blockquote"]
    parser.block.ruler.at("list", _list, {"alt": above})
    parser.block.ruler.before("list", "as_written", _as_written, {"alt": [*above, "list"]})
    parser.block.ruler.before("paragraph", "less_quoted", _less_quoted, {"alt": ["blockquote"]})
    parser.block.ruler.at("paragraph", _paragraph)
    parser.core.ruler.disable("text_join")  # what a backslash or an entity stands for stays apart from the text
    parser.inline.ruler.at("link", _link)
    footnote_plugin(parser, inline=False, move_to_end=False, always_match_refs=True)
    parser.block.ruler.at("footnote_def", footnote_def, {"alt": above})  # a quotation ends above a footnote too
    add_tables(parser)
    parser.inline.ruler.after("text", "web_address", _web_address)
    parser.inline.ruler.after("web_address", "address", _address)
    parser.inline.ruler.before("escape", "angled_address", _angled_address)
    parser.inline.ruler.before("escape", "spaced_address", _spaced_address)
    parser.inline.ruler.before("escape", "path", _path)
    parser.inline.ruler.before("emphasis", "bare_stars", _bare_stars)
    parser.validateLink = lambda url: True  # type: ignore[method-assign] # noqa: ARG005 -- the parser's own hook
    parser.helpers = SimpleNamespace(  # type: ignore[assignment] # of the same form as the parser's module
        parseLinkDestination=_link_destination, parseLinkLabel=parseLinkLabel, parseLinkTitle=parseLinkTitle
    )
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign] # the same
    return parser


MARKDOWN = _parser()
