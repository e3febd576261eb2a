"""Transports that hand one message to a server, and the local server that catches mail."""
