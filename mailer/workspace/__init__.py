"""Making things: a new workspace, and the next issue in it."""
