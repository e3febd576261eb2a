"""Composing an issue into what readers see: e-mail HTML, plain text, web page, calendar and PDF."""
