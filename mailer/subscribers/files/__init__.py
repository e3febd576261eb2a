"""Subscriber files: their columns and statuses, reading and exporting."""
