"""Keras objects: found by name, compared by what they compute, stored and loaded."""
