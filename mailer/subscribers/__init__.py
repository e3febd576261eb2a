"""The register of people: their subscriptions, since when and on what basis, and the lists of the workspace."""
