"""Limits that the standard of mail transport sets (RFC 5321 §4.5.3.1), in bytes."""

MAXIMUM_LOCAL_PART = 64
MAXIMUM_ADDRESS = 254  # a path less its angle brackets
