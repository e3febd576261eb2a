"""From an issue to what readers see: e-mail HTML, plain text and PDF."""
