"""Judge a composed mail: can it be read, and do mail programs support what it uses."""
