"""The register of people: subscriptions, legal bases, imports and rights, and the lists of the workspace."""
