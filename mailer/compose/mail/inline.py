"""Style rules moved into style attributes, for mail programs that drop style blocks; blanks between rules left out."""

import logging
import re
from functools import lru_cache

from premailer import Premailer

_DOCTYPE = re.compile(r"\A\s*<!doctype[^>]*>", re.IGNORECASE)
_STYLE = re.compile(r""" style=(?:"[^"]*"|'[^']*')""")
_BLOCK = re.compile(r"<style[^>]*>.*?</style>", re.DOTALL)
_BLANKS = re.compile(r"\s*([{};])\s*|([:,])\s+")
_IGNORED = ' data-premailer="ignore"'


def inline_css(html: str, *, css: str) -> str:
    """Put the rules of `css` into the elements of `html`; style blocks already there keep their rules.

    premailer's own defaults would drop the doctype, `!important` and `[data-ogsb]` rules, which carry dark mode,
    and add some 20 kB of attributes.
    """
    marked = _DOCTYPE.sub("", html).replace("<style", f"<style{_IGNORED}")
    inlined: str = _inliner(css).transform("<!DOCTYPE html>" + marked, pretty_print=False)
    # The writer does not know that `wbr` has no end.
    short = _STYLE.sub(lambda style: style[0].replace("; ", ";"), inlined.replace(_IGNORED, "").replace("</wbr>", ""))
    return _BLOCK.sub(lambda block: _BLANKS.sub(r"\1\2", block[0]), short)


@lru_cache(maxsize=4)
def _inliner(css: str) -> Premailer:
    return Premailer(
        css_text=css,
        keep_style_tags=True,
        strip_important=False,
        remove_classes=False,
        allow_network=False,
        disable_validation=True,
        disable_leftover_css=True,
        disable_basic_attributes=["width", "height", "bgcolor", "align", "valign"],
        align_floating_images=False,
        cssutils_logging_level=logging.CRITICAL,
    )
