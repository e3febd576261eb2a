"""Web addresses: which may be linked to, and the tracking and the wrappers that are taken off."""
