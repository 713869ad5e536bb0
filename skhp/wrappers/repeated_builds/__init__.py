"""Models that need not be built, because their builder was called with equal arguments before.

A search calls a builder with the same arguments in each split, and Keras needs longer to build a
small model than a program needs to train it. The models of such calls differ only in their first
weights, and these follow from the seeds that Keras draws while it builds. So

1. `call_fingerprint` tells which calls are equal. A value of ``meta`` counts only if the builder
   reads it, which `noted_dict` notes;
2. `repeatable_call` builds the first two models of equal calls, and notes what was drawn;
3. `initial_values` finds out how the first weights follow from the draws;
4. `known_calls` compares the two, each a `new_model`. If they differ only as their draws say, the
   second becomes the pattern of all later ones;
5. `unbuilt_model` is such a later model: the weights of its own draws, and the pattern for all
   else. It calls the builder when someone reads ``model_``.

If one of these steps is not possible, a model is built in each fit. A fit begins in
`repeatable_call`.
"""
