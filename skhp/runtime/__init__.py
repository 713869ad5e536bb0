"""The process and its workers: Keras started once, and thread-safe global generators."""

from skhp.runtime.starting import start

__all__ = ["start"]
