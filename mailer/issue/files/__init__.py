"""The editor's files: `issue.toml` and those of items, read with a finding for each fault."""
