"""The pages before the secret path: opening, already used, nothing here. They say nothing of what lies behind."""

from dataclasses import dataclass

from markupsafe import Markup
from starlette.responses import HTMLResponse

from mailer.bootstrap import Services
from mailer.local.access import Access
from mailer.local.headers import HEADERS, hash_of
from mailer.local.speaking import speaking

STYLE = (
    ":root{color-scheme:light dark;--ink:#14252a;--paper:#f4f6f5;--card:#fff;--rule:#c9d2d0;--link:#0b5563}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6eded;--paper:#10191c;--card:#182428;--rule:#38494d;--link:#8fd0dc}}"
    "*{box-sizing:border-box}"
    "body{margin:0;padding:48px 20px;background:var(--paper);color:var(--ink);font:18px/28px sans-serif}"
    "main{max-width:680px;margin:0 auto;padding:28px 32px 20px;background:var(--card);border:1px solid var(--rule);"
    "border-top:6px solid var(--link)}h1{margin:0 0 14px;font-size:26px;line-height:34px}p{margin:0 0 14px}"
    "a{color:var(--link)}kbd{font:inherit;font-weight:700}pre{font:inherit;white-space:pre-wrap;overflow-wrap:anywhere}"
    "@media(max-width:480px){body{padding:16px 12px}main{padding:20px 20px 8px}}"
)
"""Of these pages, and of what is said while the page itself cannot be drawn."""

_POLICY = (
    f"default-src 'none'; style-src {hash_of(STYLE)}; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """The three answers to requests from outside; each is the same for all."""

    opening: HTMLResponse
    used: HTMLResponse
    nothing: HTMLResponse


def make_doors(services: Services, access: Access) -> Doors:
    """Draw the pages in the language of the interface; only the one for the starter knows the secret path."""
    return Doors(
        opening=_door(services, "opening", status=200, forward=f"..{access.path}"),
        used=_door(services, "used", status=410),
        nothing=_door(services, "nothing", status=404),
    )


def _door(services: Services, kind: str, *, status: int, forward: str = "") -> HTMLResponse:
    html = services.templates.render(
        "web/local.html.j2",
        **speaking(services),
        kind=kind,
        forward=forward,
        style=Markup(STYLE),  # noqa: S704 our own rules
    )
    return HTMLResponse(html, status_code=status, headers=HEADERS | {"Content-Security-Policy": _POLICY})
