"""Pages on this machine that are meant for the person who started them alone."""
