"""The mail of one variant: subject, preview text, HTML and plain text, and checks of the result."""
