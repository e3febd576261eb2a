"""Turning composed texts into the bytes on the wire: headers, MIME, slots and envelopes."""
