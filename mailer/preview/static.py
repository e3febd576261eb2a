"""The preview as files: what an approver can open, or be mailed, without a server."""

from datetime import date
from pathlib import Path

from mailer.bootstrap import Services
from mailer.preview.views import SCHEMES, build_view, mail_html, mail_text, page_html
from mailer.workspace.desk import printed_issue, require_issue, write_files

ADDRESSES = {"light": "mail-light.html", "dark": "mail-dark.html", "text": "issue.txt", "pdf": "issue.pdf"}


def write_preview(services: Services, slug: str, folder: Path, *, today: date) -> Path:
    """Write the preview of an issue and return its first page; raises `MailerError` when it cannot be composed."""
    issue = require_issue(services, slug)
    view = build_view(services, slug, today=today)
    mails = {ADDRESSES[scheme]: mail_html(services, view, scheme).encode() for scheme in SCHEMES}
    files = {
        "index.html": page_html(services, view, addresses=ADDRESSES, is_live=False).encode(),
        ADDRESSES["text"]: mail_text(services, view).encode(),
        ADDRESSES["pdf"]: printed_issue(services, issue).pdf,
    }
    index, *_ = write_files(folder, files | mails)
    return index.file
