"""Messages: from composed texts to the bytes on the wire, with headers, MIME, slots and envelopes."""
