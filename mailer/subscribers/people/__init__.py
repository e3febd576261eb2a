"""The store of subscribers: subscriptions, leaving, moving, merging lists, suppression, counting and finding."""
