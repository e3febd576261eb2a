"""Jinja2 templates, labels in every language, and dates in words."""
