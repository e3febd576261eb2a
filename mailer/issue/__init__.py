"""Newsletter issues: the folder an editor writes, and the content model read from it."""
