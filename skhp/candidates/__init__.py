"""Reads any search, once, for the tables and the pictures."""
