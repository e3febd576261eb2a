"""From composed texts to the bytes on the wire: headers, MIME, slots and envelopes."""
