"""Requests to write files whose bytes are recorded: a change of the code that changes them is seen here."""
