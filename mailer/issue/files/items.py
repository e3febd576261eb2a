"""Parses the file of one item: facts in TOML between two `+++` lines, then the text in Markdown."""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePosixPath

from mailer.catalogue import msg
from mailer.issue.files.fields import Fields, parse_toml
from mailer.issue.files.kinds import KIND_WORDS
from mailer.issue.files.known_names import KnownNames
from mailer.issue.findings import FindingCollector
from mailer.issue.links.urls import EMAIL
from mailer.issue.markdown.blocks import parse_blocks
from mailer.issue.markdown.picture_names import find_picture, suggest_picture
from mailer.issue.model import Blocks, Contact, DateKind, Finding, Image, Item, ItemDate, LongItems, Placement
from mailer.issue.places import FENCE_LINE
from mailer.languages import Lang

KEYS = ("title", "slug", "section", "lang", "contacts", "helsefellesskap", "dates", "image", "long_items")
CONTACT_KEYS = ("email", "name", "placement")
DATE_KEYS = ("kind", "date", "end", "approximate", "time", "title", "place", "signup", "id")
IMAGE_KEYS = ("file", "alt", "caption")

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_NUMBER = re.compile(r"^\d+[-_. ]+")
_LETTERS = str.maketrans({"æ": "ae", "ø": "o", "đ": "d", "ŋ": "n", "ŧ": "t"})
_FENCE = re.compile(rf"\A\s*{FENCE_LINE}\n(.*?){FENCE_LINE}\n?", re.DOTALL | re.MULTILINE)
_NAMED_ADDRESS = re.compile(r"(?:(?P<name>[^<>@;]*)<)?(?:mailto:)?(?P<email>[^\s<>:;,]+)(?(name)>)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemDraft:
    """An item before it has its place. `section` is the section it names, "" when it names none."""

    item: Item
    section: str = ""
    section_line: int = 0


def parse_item(
    text: str, *, file: str, lang: Lang, known: KnownNames, images: Collection[str] = ()
) -> tuple[ItemDraft | None, tuple[Finding, ...]]:
    """Parse an item's file. `lang` is the issue's language, `known` the names of the helsefellesskap."""
    notes = FindingCollector(file=file, text=text)
    fence = _FENCE.match(text)
    if not fence:
        hint = msg("issues.begin-with-facts")
        notes.error("front-matter", msg("issues.item-without-facts"), line=1, hint=hint)
        return None, tuple(notes.findings)
    sheet = parse_toml(fence[1], notes=notes, first_line=text.count("\n", 0, fence.start(1)) + 1)
    if sheet is None:
        return None, tuple(notes.findings)
    fields = Fields(sheet.values, sheet=sheet, known=KEYS)
    item_lang = fields.lang("lang", default=lang)
    body = _parse_body(text, start=fence.end(), notes=notes, lang=item_lang, images=images)
    item = Item(
        slug=_slug(fields, file),
        number=1,
        lang=item_lang,
        body=body,
        title=fields.text("title"),
        contacts=parse_contacts(fields, "contacts"),
        helsefellesskap=fields.slugs("helsefellesskap", known=known),
        dates=_dates(fields),
        image=_image(fields, images),
        long_items=parse_long_items(fields),
        file=file,
        line=fields.line("title"),
    )
    return ItemDraft(item=item, section=fields.text("section"), section_line=fields.line("section")), tuple(
        notes.findings
    )


def _parse_body(text: str, *, start: int, notes: FindingCollector, lang: Lang, images: Collection[str]) -> Blocks:
    line = text.count("\n", 0, start) + 1
    body, findings = parse_blocks(text[start:], file=notes.file, lang=lang, first_line=line, images=images)
    notes.take(findings)
    if not text[start:].strip():
        notes.warning("no-text", msg("issues.item-without-text"), line=line)
    return body


def parse_contacts(fields: Fields, key: str) -> tuple[Contact, ...]:
    """Parse contacts: addresses, or tables with `email`, `name` and `placement`."""
    contacts = []
    for each in fields.tables(key, known=CONTACT_KEYS, plain="email"):
        written = each.text("email", required=True)
        name, email = _name_and_address(written)
        if not EMAIL.fullmatch(email) and email:
            message, hint = msg("issues.no-address", address=written), msg("issues.how-contacts-are-written")
            each.error("email", message, "email", words=written, hint=hint)
        placement = each.choice("placement", default=Placement.LINE)
        name = each.text("name") or name
        contacts.append(Contact(email=email, name=name, placement=placement, line=each.line("email")))
    return tuple(contacts)


def parse_long_items(fields: Fields) -> LongItems | None:
    """Parse the form of long items; None where nothing is said and the next wider setting counts."""
    form = fields.choice("long_items", default=LongItems.WHOLE)
    return form if "long_items" in fields.values else None


def _name_and_address(written: str) -> tuple[str, str]:
    """Take a name and an address apart that stand as a mail program writes them: `Kari Nordmann <kari@…>`."""
    match = _NAMED_ADDRESS.fullmatch(written)
    if not match or not EMAIL.fullmatch(match["email"]):
        return "", written
    return " ".join((match["name"] or "").split()).strip("\"' "), match["email"]


def _slug(fields: Fields, file: str) -> str:
    """Return the slug given, or one made from the file's name: `010 Møte i Bodø.md` gives `mote-i-bodo`."""
    slug = fields.text("slug") or _plain(_NUMBER.sub("", PurePosixPath(file).stem))
    if not _SLUG.fullmatch(slug):
        message, hint = msg("issues.item-slug", slug=slug), msg("issues.item-slug-hint")
        fields.error("slug", message, "slug", words=slug, hint=hint)
    return slug


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.lower().translate(_LETTERS))
    return re.sub(r"[^a-z0-9]+", "-", re.sub(r"[\u0300-\u036f]", "", letters)).strip("-")


def _dates(fields: Fields) -> tuple[ItemDate, ...]:
    dates: list[ItemDate] = []
    for each in fields.tables("dates", known=DATE_KEYS):
        when = each.when(required=True)
        kind = each.choice("kind", default=DateKind.EVENT, words=KIND_WORDS)
        if when:
            dates.append(
                ItemDate(
                    when=when,
                    kind=kind,
                    title=each.text("title"),
                    place=each.text("place"),
                    hours=each.hours(when),
                    signup=each.address("signup"),
                    id=each.own_id("id", before=[before.id for before in dates]),
                    line=each.line(),
                )
            )
    return tuple(dates)


def _image(fields: Fields, images: Collection[str]) -> Image | None:
    """Read the item's picture; `alt = ""` says that it is decoration and must be written."""
    image = None
    for each in fields.tables("image", known=IMAGE_KEYS, plain="file"):
        file = each.text("file", required=True)
        found = find_picture(file, images)
        if found.problem:
            near = suggest_picture(file, images)
            hint = msg("errors.did-you-mean", name=near) if near else msg("issues.put-picture-there")
            each.error("image", found.problem, "file", words=file, hint=hint)
        if "alt" not in each.values:
            hint = msg("issues.add-alt")
            each.error("image-alt", msg("issues.image-without-alt"), "file", words=file, hint=hint)
        image = Image(path=found.path, alt=each.text("alt"), caption=each.text("caption"), line=each.line("file"))
    return image
