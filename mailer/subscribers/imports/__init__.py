"""Importing files: staged, compared with the register, applied in one transaction, undone."""
