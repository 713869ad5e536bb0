"""Keras objects: found by name, told apart by value, stored and loaded."""
