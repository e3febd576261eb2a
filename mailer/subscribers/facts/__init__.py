"""The rules of what is known of a person: address, words, role, legal basis, identity numbers."""
