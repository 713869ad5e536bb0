"""What of Keras no case trains, and why."""

ABSTRACT = "the base class of the others"
ANOTHER_LIBRARY = "it holds a model of another library"
TEXT = "it reads text, which a program cannot hold"

LAYERS = {
    "Layer": ABSTRACT,
    "Wrapper": ABSTRACT,
    "FlaxLayer": ANOTHER_LIBRARY,
    "JaxLayer": ANOTHER_LIBRARY,
    "TorchModuleWrapper": ANOTHER_LIBRARY,
    "TFSMLayer": ANOTHER_LIBRARY,
    "StringLookup": TEXT,
    "TextVectorization": TEXT,
    "AugMix": "it draws from Python's own generator, so that no two fits are the same",
    "RandomElasticTransform": "Keras draws other numbers for data in arrays than for batches",
    "MaxNumBoundingBoxes": "it changes bounding boxes, and no array",
}
LOSSES = {"Loss": ABSTRACT}
METRICS = {
    "Metric": ABSTRACT,
    "Mean": "it takes values, and not targets and outputs",
    "Sum": "it takes values, and not targets and outputs",
}
OPTIMIZERS = {"Optimizer": ABSTRACT}
SCHEDULES = {"LearningRateSchedule": ABSTRACT}
REGULARIZERS = {"Regularizer": ABSTRACT}
CONSTRAINTS = {"Constraint": ABSTRACT}
