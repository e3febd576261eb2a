"""Who gets the newsletter, on which lists, since when and on what basis."""
