"""Templates, labels in four languages and dates in words, shared by everything that is read by people."""
