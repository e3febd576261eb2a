"""Header fields of local pages: nothing is stored, told on, embedded or opened by pages from elsewhere."""

from base64 import b64encode
from hashlib import sha256

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'self'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""What every answer carries, unless the page itself says something else."""


def hash_of(style: str) -> str:
    """Return the source that lets one style block through a policy."""
    return f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'"


def policy_header(policy: str) -> dict[str, str]:
    """The header field of a page with a policy of its own."""
    return {"Content-Security-Policy": policy}
