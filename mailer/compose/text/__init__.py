"""Running text in the forms of HTML and plain text, and parts taken out of it."""
