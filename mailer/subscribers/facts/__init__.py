"""Rules for the facts about a person: address, words, role, legal basis, identity numbers."""
