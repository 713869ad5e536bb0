"""Private names of other libraries, one file for each library.

Each function says which name it uses and why no public name does the same. If a library no
longer has the name, the function has a fallback, or it warns, or it raises
`MissingPrivateName`. ``tests/compat`` tests each name, and what is left without it.
"""
