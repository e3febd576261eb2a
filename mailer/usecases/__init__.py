"""Use cases: what people do with a newsletter, each thing once; every front end calls these and shows the result."""
