"""The public pages: reading a newsletter again, leaving a list, subscribing, and privacy."""
