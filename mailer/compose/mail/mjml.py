"""Turn MJML into HTML, with what mjml-python does not do by itself."""

import re

from mjml import mjml2html

from mailer.catalogue import msg
from mailer.compose.text.characters import clean
from mailer.errors import MailerError

_TAG = re.compile(r"<[A-Za-z][^<>]*>")
_QUOTED = re.compile(r"=\s*(\"[^\"]*\"|'[^']*')")
_TITLE = re.compile(r"(<mj-title>)(.*?)(</mj-title>)", re.DOTALL)
_FRAGILE = re.compile(r"[^\x20-\x7E]|\\")
_LINE_FEED = "\n"
_POSITION = re.compile(r" at position (\d+):\d+")


def compile_mjml(source: str, *, name: str) -> str:
    """Compile MJML whose template is called `name`; nothing is fetched and no font is linked."""
    hardened = harden(source)
    try:
        html: str = mjml2html(hardened, disable_comments=False, fonts={})
    except ValueError as error:
        raise MailerError(
            msg("issues.layout-not-compiled", reason=str(error)),
            where=_place(name, hardened, str(error)),
            hint=msg("issues.look-at-mjml"),
        ) from error
    return html


def harden(source: str) -> str:
    r"""Clean text, and every unusual character of attribute values and the title as a numeric reference.

    The compiler writes attribute values in Rust's debug format: a no-break space would come out as `\u{a0}`.
    """
    tagged = _TAG.sub(_refer_in_tag, clean(source))
    return _TITLE.sub(lambda title: title[1] + _refer(title[2]) + title[3], tagged)


def _refer_in_tag(match: re.Match[str]) -> str:
    return _QUOTED.sub(_refer_in_value, match[0]) if _FRAGILE.search(match[0]) else match[0]


def _refer_in_value(match: re.Match[str]) -> str:
    return _refer(match[0])


def _refer(text: str) -> str:
    return _FRAGILE.sub(lambda character: f"&#{ord(character[0])};", text)


def _place(name: str, source: str, message: str) -> str:
    """Return the place of the fault, with its line if the compiler tells it; it counts bytes of UTF-8."""
    position = _POSITION.search(message)
    if not position:
        return name
    rest = source.encode()[int(position[1]) :].lstrip()
    line = source.count(_LINE_FEED) - rest.count(_LINE_FEED.encode()) + 1
    return msg("issues.line-of-filled-in-template", name=name, line=str(line))
