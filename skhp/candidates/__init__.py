"""Reads the results of any search, for the tables and the pictures."""
