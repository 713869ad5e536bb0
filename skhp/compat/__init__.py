"""Private names of other libraries, one file a library.

Each entry says what is borrowed and why no public name will do. ``tests/compat`` has a test for
each that fails when the name goes.
"""
