"""The preview as files: what an approver can open, or be mailed, without a server."""

from datetime import date
from pathlib import Path

from mailer.bootstrap import Services
from mailer.preview.views import build_view, mail_html, mail_text, page_html
from mailer.workspace.desk import printed_issue, require_issue

ADDRESSES = {"light": "mail-light.html", "dark": "mail-dark.html", "text": "issue.txt", "pdf": "issue.pdf"}


def write_preview(services: Services, slug: str, folder: Path, *, today: date) -> Path:
    """Write the preview of an issue and return its first page; raises `MailerError` when it cannot be composed."""
    issue = require_issue(services, slug)
    view = build_view(services, slug, today=today)
    folder.mkdir(parents=True, exist_ok=True)
    for scheme in ("light", "dark"):
        (folder / ADDRESSES[scheme]).write_text(mail_html(services, view, scheme), encoding="utf-8")
    (folder / ADDRESSES["text"]).write_text(mail_text(services, view), encoding="utf-8")
    (folder / ADDRESSES["pdf"]).write_bytes(printed_issue(services, issue).pdf)
    index = folder / "index.html"
    index.write_text(page_html(services, view, addresses=ADDRESSES, is_live=False), encoding="utf-8")
    return index
