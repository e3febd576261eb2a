"""Alembic scripts: one file a revision under `versions`."""
