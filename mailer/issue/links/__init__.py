"""Web addresses: which may be linked to, and what others have put around them."""
