"""Markdown and what editors paste, read into blocks and inlines."""
