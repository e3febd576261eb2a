"""Notices to the editor of what became of a mailing: written when it happens, sent by mail and webhook after it."""
