"""An editor's pictures, ready to go out."""
