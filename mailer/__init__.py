"""A newsletter composer and sender that accounts for every recipient."""
