"""What was sent, kept as it was: the archive pages read only this, never an issue's folder."""
