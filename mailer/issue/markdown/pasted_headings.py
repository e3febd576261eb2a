"""Names lines that Word's numbered headings leave behind when copied: a number, a tab, some words and no full stop."""

from collections.abc import Iterable

from mailer.catalogue import msg
from mailer.issue.findings import FindingCollector
from mailer.issue.markdown.chapters import is_pasted_heading
from mailer.issue.markdown.tree import Node

_SHOWN = 40


def name_pasted_headings(nodes: Iterable[Node], notes: FindingCollector) -> None:
    """Note each of these lines in a paragraph; in a list or a table they are points and rows."""
    for node in nodes:
        if node.token.type == "paragraph_open":
            first = notes.first_line + (node.token.map or [0])[0]
            for at, line in enumerate(node.children[0].token.content.split("\n")):
                if is_pasted_heading(line):
                    message, hint = msg("issues.pasted-heading"), msg("issues.pasted-heading-hint")
                    notes.note("pasted-heading", message, line=first + at, words=line.strip()[:_SHOWN], hint=hint)
