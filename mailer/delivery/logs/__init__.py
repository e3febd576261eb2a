"""Reading the logs of mail servers: which of our messages a relay has taken, and what it did with them."""
