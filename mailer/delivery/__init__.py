"""Sending a mailing: planning, the loop that sends, the meaning of answers, and the ledger in `ledger`."""
