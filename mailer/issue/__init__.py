"""Issues: the folder an editor writes, the content model read from it, and the rules in `lint`."""
