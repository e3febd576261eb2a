"""Jinja2 templates, labels in four languages, and dates in words."""
