"""The rights of a data subject: access (GDPR art. 15) and erasure (art. 17)."""
