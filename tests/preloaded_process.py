"""Processes that need not import TensorFlow: they are forked from one that has, and ran nothing.

To import TensorFlow takes three seconds of a processor. Where a test is about what a fresh
process imports or prints, `fresh_process` is the one to use.
"""

import multiprocessing

# Loaded once, by the process from which the others are forked; nothing that is not installed.
PRELOADED = ["keras", "tensorflow", "skhp.search", "sklearn.model_selection", "optuna"]


def started(function, *arguments):
    """Start a process that calls a function, which it finds by its name."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    process = context.Process(target=function, args=arguments)
    process.start()
    return process
