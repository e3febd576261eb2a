"""The files that lists travel in: their columns and statuses, read and exported."""
