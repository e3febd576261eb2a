"""The worker: starts mailings that are due, joins those that run, and carries out duties."""
