"""Editions: issues as they were sent, stored for the public pages, which never read an issue's folder."""
