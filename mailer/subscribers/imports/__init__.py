"""Imports: files of people staged, compared with the register, applied in one transaction, and undone."""
