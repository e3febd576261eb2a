"""The store of subscribers: subscriptions, leaving, moving, suppression, counting and finding."""
