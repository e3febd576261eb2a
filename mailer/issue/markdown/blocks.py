"""Turns an editor's Markdown into blocks and inlines, with findings for what cannot be used."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

from markdown_it.token import Token

from mailer.catalogue import msg
from mailer.issue.findings import OF_EACH_RULE, FindingCollector
from mailer.issue.links.inside import is_path
from mailer.issue.links.taken_off import note_taken_off
from mailer.issue.links.urls import LinkTarget, address_problem, clean_url, find_bare_addresses, find_mistyped
from mailer.issue.markdown.brackets import brackets_are_closed
from mailer.issue.markdown.characters import printable
from mailer.issue.markdown.comments import without_comments
from mailer.issue.markdown.debris import name_debris_of, tell_of_empty, without_debris
from mailer.issue.markdown.emptied import without_emptied
from mailer.issue.markdown.footnotes import FOOTNOTE_MARK, FootnoteBook
from mailer.issue.markdown.headings import number_headings
from mailer.issue.markdown.joining import merged, parted, take_number
from mailer.issue.markdown.line_ends import longest_wrapped
from mailer.issue.markdown.lines import keep_lines, keep_lines_of, name_indented_lines
from mailer.issue.markdown.parser import ANGLED, MARKDOWN, NESTING_AT_MOST, SPACED_ADDRESS, with_plain_spaces
from mailer.issue.markdown.pasted import with_pasted_lists
from mailer.issue.markdown.pasted_headings import name_pasted_headings
from mailer.issue.markdown.picture_names import find_picture, suggest_picture
from mailer.issue.markdown.residue import LANG_MARK
from mailer.issue.markdown.stars import free_stars, free_stars_of, with_star_notes
from mailer.issue.markdown.tables import read_table, with_captions
from mailer.issue.markdown.torn_rows import tell_of_torn_rows
from mailer.issue.markdown.tree import Node, lists_among, read_tree
from mailer.issue.markdown.unfinished import IN_ANGLES
from mailer.issue.model import (
    Block,
    Blocks,
    Emphasis,
    Finding,
    Heading,
    Image,
    Inline,
    Inlines,
    LineBreak,
    Link,
    List,
    Paragraph,
    Quote,
    Strong,
    Text,
    plain_text,
)
from mailer.issue.places import Places
from mailer.languages import LANGS, Lang, find_lang

_MAY_STAND_BEFORE = re.compile(r"(?:\A|[\s(\[{«“„‘'\"<=/–—-])\Z")
"""What an address in angle brackets may be glued to: nothing, a space, a sign that opens or joins."""
_HEADING_END = re.compile(r"[ \t](#+)[ \t]*$")


def parse_blocks(
    text: str,
    *,
    file: str,
    lang: Lang,
    first_line: int = 1,
    images: Collection[str] = (),
    places: Places | None = None,
) -> tuple[Blocks, tuple[Finding, ...]]:
    """Parse the text of an item. `images` are the paths (`images/…`) of the pictures that exist.

    `places` are those of the whole file, when the text is a value in it.
    """
    text = printable(text)
    notes = FindingCollector(file=file, text=text, first_line=first_line, places=places)
    if not brackets_are_closed(text, notes):
        return (), tuple(notes.findings)
    source = with_pasted_lists(with_star_notes(with_plain_spaces(text), notes), notes)
    nodes = without_debris(read_tree(source, notes), notes)
    tell_of_torn_rows(nodes, notes)
    name_pasted_headings(nodes, notes)
    name_indented_lines(nodes, notes)
    free_stars(nodes, notes)
    keep_lines(nodes, notes, longest_wrapped=longest_wrapped(source.split("\n")))
    walker = _Walker(notes=notes, lang=lang, images=images, footnotes=FootnoteBook(notes, nodes))
    blocks = without_emptied((*walker.blocks(nodes), *walker.footnotes.at_the_end(walker.blocks)))
    return number_headings(blocks), tuple(notes.findings)


def parse_inlines(
    text: str, *, file: str, lang: Lang, first_line: int = 1, places: Places | None = None
) -> tuple[Inlines, tuple[Finding, ...]]:
    """Parse one line of running text, as in a link group; `places` are those of the whole file."""
    text = printable(text)
    notes = FindingCollector(file=file, text=text, first_line=first_line, places=places)
    if not brackets_are_closed(text, notes):
        return (), tuple(notes.findings)
    (token,) = MARKDOWN.parseInline(with_plain_spaces(text).strip())
    name_debris_of(token, line=first_line, notes=notes)
    free_stars_of(token, notes, line=first_line)
    keep_lines_of(token, notes, line=first_line, longest_wrapped=longest_wrapped(token.content.split("\n")))
    walker = _Walker(notes=notes, lang=lang, footnotes=FootnoteBook(notes))
    return walker.inlines(token.children or [], line=first_line), tuple(notes.findings)


@dataclass(slots=True)
class _Span:
    """An inline that is still open: its children so far and, for a link, where it leads."""

    kind: str
    children: list[Inline] = field(default_factory=list)
    target: LinkTarget = field(default_factory=LinkTarget)
    written: str = ""
    line: int = 0
    automatic: bool = False
    angled: bool = False


@dataclass(slots=True, kw_only=True)
class _Walker:
    """Builds the model from the parser's tokens."""

    notes: FindingCollector
    lang: Lang
    footnotes: FootnoteBook
    images: Collection[str] = ()
    line: int = 0
    lines: Sequence[str] = field(init=False)

    def __post_init__(self) -> None:
        self.lines = self.notes.text.split("\n")

    # --- Blocks ---

    def blocks(self, nodes: Sequence[Node]) -> Blocks:
        return with_captions(block for node in nodes for block in self.block(node))

    def block(self, node: Node) -> Iterable[Block]:
        token = node.token
        line = self.notes.first_line + (token.map or [0])[0]
        match token.type:
            case "paragraph_open":
                return self.paragraph(node, line)
            case "heading_open":
                return self.heading(node, line)
            case "bullet_list_open":
                return [self.points(node.children)]
            case "ordered_list_open":
                return [self.points(points, numbered=True) for points in lists_among(node.children)]
            case "blockquote_open":
                return [Quote(blocks=self.blocks(node.children), line=line)]
            case "table_open":
                return read_table(node, notes=self.notes, inlines=lambda tokens, line: self.inlines(tokens, line=line))
            case "hr":
                self.notes.warning("rule", msg("issues.line-across"), line=line, hint=msg("issues.remove-line"))
            case "html_block":
                self.html(token.content, line)
            case _:
                pass
        return []

    def paragraph(self, node: Node, line: int) -> Iterable[Block]:
        children = _inline_tokens(node)
        if len(children) == 1 and children[0].type == "image":
            return self.image(children[0], line)
        inlines = self.inlines(children, line=line)
        return [Paragraph(inlines=inlines, line=line)] if inlines else []

    def points(self, points: Sequence[Node], *, numbered: bool = False) -> List:
        line = self.notes.first_line + (points[0].token.map or [0])[0]
        read = tuple(self.blocks(point.children) for point in points)
        if numbered:  # without words it stays, as a number: below a comment, or where a footnote was taken out
            pairs = zip(points, read, strict=True)
            emptied = [point.token for point, blocks in pairs if point.children and not without_emptied(blocks)]
            tell_of_empty(emptied, self.notes)
        return List(points=read, numbered=numbered, line=line)

    def heading(self, node: Node, line: int) -> Iterable[Block]:
        inlines = self.inlines(_inline_tokens(node), line=line)
        if not inlines:
            self.notes.warning("empty-heading", msg("issues.heading-without-words"), line=line)
            return []
        written = len(node.token.markup)
        closing = _HEADING_END.search(self.lines[line - self.notes.first_line])
        if closing and len(closing[1]) != written:
            inlines = tuple(merged((*inlines, Text(f" {closing[1]}"))))
        return [Heading(level=written, inlines=inlines, line=line)]

    def image(self, token: Token, line: int) -> Iterable[Block]:
        path, caption = str(token.attrs.get("src", "")), str(token.attrs.get("title", ""))
        alt = "".join(" " if "break" in child.type else child.content for child in token.children or []).strip()
        found = find_picture(path, self.images)
        if found.problem:
            self.notes.error("image", found.problem, line=line, words=path, hint=self.picture_hint(path))
        elif not alt:
            hint = msg("issues.say-what-picture-shows")
            self.notes.error("image-alt", msg("issues.image-without-alt"), line=line, words=path, hint=hint)
        else:
            return [Image(path=found.path, alt=printable(alt), caption=printable(caption), line=line)]
        return []

    def picture_hint(self, written: str) -> str:
        """Return which picture may be meant, as long as somebody reads on: each suggestion costs a search."""
        near = suggest_picture(written, self.images) if len(self.notes.findings) < OF_EACH_RULE else ""
        name = near.replace(" ", "%20")
        return msg("errors.did-you-mean", name=name) if near else msg("issues.put-picture-in-text")

    def html(self, content: str, line: int) -> None:
        """Refuse HTML; a comment that stands alone is the editor's own note and is left out."""
        words = content.strip().split("\n")[0][:40]
        if IN_ANGLES.fullmatch(content.strip()):
            hint = msg("findings.placeholder-hint")
            self.notes.error("placeholder", msg("findings.placeholder"), line=line, words=words, hint=hint)
        elif without_comments(content).strip():
            hint = msg("issues.use-markdown")
            self.notes.error("html", msg("issues.html"), line=line, words=words, hint=hint)

    # --- Inlines ---

    def inlines(self, tokens: Sequence[Token], *, line: int) -> Inlines:
        self.line = line
        spans = [_Span("")]
        for at, token in enumerate(tokens, 1):
            if token.nesting > 0:
                spans.append(self.opened(token))
            elif token.nesting < 0:
                span = spans.pop()
                in_link = any(each.kind == "link_open" for each in spans)
                self.beside_words(span, spans[-1].children)
                spans[-1].children.extend(self.closed(span, in_link=in_link))
                if span.angled and _begins_with_a_word(tokens[at : at + 1]):
                    spans[-1].children.append(Text(" "))
            else:
                self.leaf(token, spans)
            if len(spans) > NESTING_AT_MOST:
                self.notes.error("nesting", msg("issues.marks-too-deep", most=NESTING_AT_MOST), line=self.line)
                return ()
        return self.finished(spans[0].children, in_link=False)

    def opened(self, token: Token) -> _Span:
        if token.type != "link_open":
            return _Span(token.type)
        written = str(token.attrs.get("href", "")).replace("&amp;", "&")  # angle brackets keep what HTML has for &
        target = self.address(written) if written else LinkTarget()
        automatic, angled = token.info == "auto", token.markup == ANGLED
        return _Span("link_open", target=target, written=written, line=self.line, automatic=automatic, angled=angled)

    def beside_words(self, span: _Span, before: list[Inline]) -> None:
        """Part an address in angle brackets from the word it is glued to, as Outlook writes it; name its `mailto:`."""
        if span.angled and span.target.url.startswith("tel:") and (number := take_number(before, span.target.url)):
            span.children, span.automatic = [Text(number)], False
        elif span.angled and not _MAY_STAND_BEFORE.search(plain_text(before[-2:])):
            before.append(Text(" "))
        if span.angled and plain_text(span.children).lower().startswith("mailto:"):
            message, hint = msg("issues.pasted-mailto"), msg("issues.pasted-mailto-hint", address=span.written)
            self.notes.warning("outlook-paste", message, line=span.line, words=span.written, hint=hint)

    def closed(self, span: _Span, *, in_link: bool) -> Inlines:
        if span.kind != "link_open":
            children = self.finished(span.children, in_link=in_link)
            mark = Strong if span.kind == "strong_open" else Emphasis
            return (mark(children),) if children else ()
        children = self.finished(span.children, in_link=True)
        url = span.target.url
        if span.automatic and url:
            children = (Text(_shown(span.target, span.written)),)
        words = printable("".join(each.text for each in children if isinstance(each, Text)))
        if not span.written:
            message = msg("issues.link-without-address")
            self.notes.warning("no-address", message, line=span.line, words=words, after="[")
        elif in_link or not url:
            return children
        elif not children:
            self.notes.warning("no-words", msg("issues.link-without-words"), line=span.line, words=span.written)
            children = (Text(url),)
        return (Link(children=children, url=url, written=self.in_file(span.written)),) if children else ()

    def leaf(self, token: Token, spans: list[_Span]) -> None:
        children = spans[-1].children
        match token.type:
            case "text" | "text_special":
                children.extend(self.after_lang_mark(token.content, children))
            case "softbreak":
                self.line += 1
                children.extend([] if children and isinstance(children[-1], LineBreak) else [Text(" ")])
            case "hardbreak":
                self.line += 1
                children.append(LineBreak())
            case "html_inline":
                self.html(token.content, self.line)
                self.line += token.content.count("\n")
            case kind if kind == FOOTNOTE_MARK:
                children.append(self.footnotes.mark(token.meta["label"], line=self.line))
            case kind if kind == SPACED_ADDRESS:
                is_picture = any("![" in each.text for each in children[-1:] if isinstance(each, Text))
                self.spaced_address(token.info, rule="image" if is_picture else "link")
                self.line += token.content.count("\n")
                children.append(Text(" ".join(token.content.split("\n"))))
            case "image":
                path = str(token.attrs.get("src", ""))
                message, hint = msg("issues.image-in-running-text"), msg("issues.paragraph-of-its-own")
                self.notes.error("image", message, line=self.line, words=path, hint=hint)
            case _:
                pass

    def spaced_address(self, written: str, *, rule: str) -> None:
        words = written.split("\n", maxsplit=1)[0]
        if is_path(written):
            rule, message, hint = "inside-link", msg("issues.link-to-file"), msg("findings.put-on-the-web")
        elif words != written:
            message, hint = msg("issues.line-end-in-address"), msg("issues.write-on-one-line")
        else:
            message, hint = msg("issues.space-in-address"), msg("issues.write-space-so")
        self.notes.error(rule, message, line=self.line, words=words, hint=hint)

    def after_lang_mark(self, text: str, before: list[Inline]) -> list[Inline]:
        """Take `{lang=nb}` off the text that follows a link and put the language on the link."""
        match = LANG_MARK.match(text)
        if not match or not before or not isinstance(before[-1], Link):
            return [Text(text)]
        lang = find_lang(match[1])
        if lang is None:
            message, hint = msg("issues.link-lang", lang=match[1]), msg("issues.write-one-of", names=", ".join(LANGS))
            self.notes.error("lang", message, line=self.line, words=match[0], hint=hint)
        before[-1] = replace(before[-1], lang=None if lang == self.lang else lang)
        return [Text(text[match.end() :])]

    def address(self, written: str, url: str = "") -> LinkTarget:
        """Check an address, which may be written without what it begins with; `url` is the whole."""
        address = clean_url(url or written)
        written = self.in_file(written)
        if address.is_path:
            hint = msg("findings.put-on-the-web")
            self.notes.error("inside-link", address.problem, line=self.line, words=written, hint=hint)
        elif address.problem:
            hint = msg("issues.how-addresses-begin")
            self.notes.error("link", address.problem, line=self.line, words=written, hint=hint)
        note_taken_off(address, written, notes=self.notes, line=self.line)
        return address

    def in_file(self, address: str) -> str:
        """Return an address as the file has it, with `&amp;` where it comes from a web page's source."""
        escaped = address.replace("&", "&amp;")
        return escaped if escaped != address and escaped in self.notes.text else address

    def finished(self, inlines: Iterable[Inline], *, in_link: bool) -> Inlines:
        """Join neighbouring text and, outside links, turn bare e-mail addresses into links."""
        found = merged(inlines)
        return tuple(found) if in_link else parted([part for each in found for part in self.with_links(each)])

    def with_links(self, inline: Inline) -> Iterable[Inline]:
        """Make links of addresses; of those with `https://` the parser made them, but of those that are refused."""
        if not isinstance(inline, Text):
            yield inline
            return
        at = 0
        for start, end in find_bare_addresses(inline.text):
            written = inline.text[start:end]
            if (target := self.bare_address(written)).url:
                yield from _texts(inline.text[at:start])
                yield Link(children=(Text(_shown(target, written)),), url=target.url, written=self.in_file(written))
                at = end
        yield from _texts(inline.text[at:])
        for written in find_mistyped(inline.text):
            message, hint = msg("issues.mistyped-address"), msg("issues.how-addresses-begin")
            self.notes.warning("link", message, line=self.line, words=written, hint=hint)

    def bare_address(self, written: str) -> LinkTarget:
        if "://" in written:
            return LinkTarget()
        if written.lower().startswith(("www.", "mailto:")):
            return self.address(written)
        if problem := address_problem(written):
            self.notes.error("link", problem, line=self.line, words=written, hint=msg("issues.doubtful-address-hint"))
            return LinkTarget()
        return self.address(written, f"mailto:{written}")


def _inline_tokens(node: Node) -> list[Token]:
    return [token for child in node.children for token in child.token.children or []]


def _begins_with_a_word(tokens: Sequence[Token]) -> bool:
    return any(token.type == "text" and (token.content[:1].isalnum() or token.content[:1] in "([«") for token in tokens)


def _shown(target: LinkTarget, written: str) -> str:
    """Return the text of a link whose words are its own address: as written, unless tracking was taken off it."""
    if target.url.startswith(("mailto:", "tel:")):
        written = unquote(written) if target.url.startswith("tel:") else written
        return printable(re.sub(r"\A(?:mailto|tel):(?!.*\?)", "", written, flags=re.IGNORECASE))
    return target.url if target.removed else printable(written)


def _texts(text: str) -> Iterable[Text]:
    if text:
        yield Text(text)
