"""Alembic's migrations of the schema, one file for each revision under `versions`."""
