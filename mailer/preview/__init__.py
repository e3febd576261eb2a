"""The editor's preview: static files, and a live page on this machine."""
