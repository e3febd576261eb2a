"""The public pages: server-rendered, no script, no cookie; nothing changes but by a POST."""
