"""Issues as they were sent: the archive pages read only this, never an issue's folder."""
