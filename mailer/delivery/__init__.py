"""Mailings: planning, the ledger of every recipient, and the loop that sends."""
