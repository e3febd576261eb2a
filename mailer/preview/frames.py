"""A mail as a frame shows it: light or dark whatever the screen is, pictures on or off, links in a window of their own.

What stands in a frame may be hostile. Scripts are barred three times: by the composer, by the frame's sandbox, and by
the policy that goes with the frame's own answer.
"""

import re

from mailer.preview.choice import PreviewChoice
from mailer.preview.views import View
from mailer.usecases.desk import picture_addresses

FRAME_POLICY = (
    "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "style-src 'unsafe-inline'; img-src {images}; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)

# What readers may set to light or dark, a frame cannot: so the media query itself is answered here.
_DARK_QUERY = re.compile(r"@media\s*\(prefers-color-scheme:\s*dark\)")
_SCHEME = re.compile(r"(<meta name=\"(?:supported-)?color-schemes?\" content=\")[^\"]*")
_LINK_OUT = re.compile(r"<a\b(?=[^>]*\shref=\"(?:https?:|mailto:))(?![^>]*\starget=)")


def frame_policy(choice: PreviewChoice) -> str:
    """The policy for one answer; without pictures even those that the mail carries are barred."""
    return FRAME_POLICY.format(images="data:" if choice.images == "on" else "'none'")


def mail_frame(view: View, choice: PreviewChoice) -> str:
    """The mail as a reader with this screen sees it."""
    html = _DARK_QUERY.sub("@media all" if choice.colours == "dark" else "@media not all", view.html)
    html = _SCHEME.sub(rf"\g<1>{choice.colours}", html)
    for cid, address in picture_addresses(view.composed).items():
        html = html.replace(cid, address if choice.images == "on" else "about:blank")
    return with_links_out(html)


def with_links_out(html: str) -> str:
    """Let links to other pages open a window of their own; those inside the mail stay in the frame."""
    return _LINK_OUT.sub('<a target="_blank" rel="noopener noreferrer"', html)
