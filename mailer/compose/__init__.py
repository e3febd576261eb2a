"""Compose an issue into what readers see: e-mail HTML, plain text, calendar and PDF."""
