"""The store of subscribers, and what happens to a person: joining, leaving, moving, suppression."""
