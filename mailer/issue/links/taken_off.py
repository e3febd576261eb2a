"""Tells what was taken off an address, and which wrapper stays around it; does the same to addresses in facts."""

from mailer.catalogue import msg
from mailer.issue.findings import FindingCollector
from mailer.issue.links.urls import LinkTarget, clean_url, find_bare_addresses


def note_taken_off(address: LinkTarget, written: str, *, notes: FindingCollector, line: int) -> None:
    """Note that tracking was taken off, and warn of a wrapper that does not say where it leads."""
    if address.removed and not address.problem:
        message = msg("issues.taken-off-link", names=", ".join(dict.fromkeys(address.removed)))
        notes.note("tracking", message, line=line, words=written)
    if address.opaque:
        message, hint = msg("issues.opaque-wrapper", name=address.opaque), msg("issues.open-and-copy")
        notes.warning("wrapped-link", message, line=line, words=written, hint=hint)


def take_tracking_off(text: str, *, notes: FindingCollector, line: int) -> str:
    """Return a fact, which is no Markdown, with each web address in it as `clean_url` has it, if that takes any off."""
    parts, at = [], 0
    for start, end in find_bare_addresses(text):
        written = text[start:end]
        if "://" not in written:
            continue
        address = clean_url(written)
        note_taken_off(address, written, notes=notes, line=line)
        if address.url and address.removed:
            parts += [text[at:start], address.url]
            at = end
    return "".join([*parts, text[at:]])
