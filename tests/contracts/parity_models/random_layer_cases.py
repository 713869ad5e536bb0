"""Each layer of Keras that draws random numbers.

XLA draws other numbers than TensorFlow from one seed. Where XLA compiles the program, the
reference runs through XLA too. A batch of 6 rows draws other numbers than one of 8, so all
batches are full.
"""

import keras
from keras import layers

from .case import Case, first, layer_case, normal, positive
from .layer_cases import IMAGE, LINE, NO_KERNEL, VOLUME, as_two_arguments, attended

FULL = {"n": 24}

SIMPLE = {
    "Dropout": lambda: layers.Dropout(0.4),
    "AlphaDropout": lambda: layers.AlphaDropout(0.4),
    "GaussianDropout": lambda: layers.GaussianDropout(0.4),
    "GaussianNoise": lambda: layers.GaussianNoise(0.5),
}


def two_dropouts():
    """Layers that draw from seeds of their own."""
    return keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dropout(0.3),
            layers.Dense(5),
            layers.Dropout(0.3),
            layers.Dense(1),
        ]
    )


def on_images(*made, **more):
    """Random changes of images."""
    network = first(*made, lambda: layers.Rescaling(1 / 255), shape=(6, 6, 3))
    return Case(network, positive(6, 6, 3, n=24) * 255, normal(1, n=24, seed=1), **more)


def cropped():
    """Random crops, whose size is another in prediction."""
    crop, mean = layers.RandomCrop(4, 4), layers.GlobalAveragePooling2D()
    return keras.Sequential([keras.Input((6, 6, 3)), crop, mean, layers.Dense(1)])


# One after the other; what one draws changes nothing for the next.
IMAGE_LAYERS = (
    (
        lambda: layers.RandomBrightness(0.2),
        lambda: layers.RandomContrast(0.2),
        lambda: layers.RandomSaturation(0.5),
        lambda: layers.RandomHue(0.3),
    ),
    (
        lambda: layers.RandomColorDegeneration(0.5),
        lambda: layers.RandomColorJitter(brightness_factor=0.2, contrast_factor=0.2),
        lambda: layers.RandomGrayscale(0.5),
        lambda: layers.RandomInvert(0.5),
    ),
    (
        lambda: layers.RandomPosterization(4),
        lambda: layers.RandomSharpness(0.5),
        lambda: layers.RandomGaussianBlur(),
    ),
    (layers.RandomFlip, layers.RandomErasing),
    (layers.CutMix,),
    (layers.MixUp,),
)

# What they draw or compute has no XLA kernel.
WITHOUT_KERNEL = {
    "RandAugment": lambda: layers.RandAugment(num_ops=1),
    "RandomPerspective": lambda: layers.RandomPerspective(0.5),
    "RandomRotation": lambda: layers.RandomRotation(0.2),
    "RandomShear": lambda: layers.RandomShear(0.2, 0.2),
    "RandomTranslation": lambda: layers.RandomTranslation(0.2, 0.2),
    "RandomZoom": lambda: layers.RandomZoom(0.2),
}

RANDOM_LAYER_CASES = {
    **{name: layer_case(layer, **FULL) for name, layer in SIMPLE.items()},
    "SpatialDropout1D": layer_case(lambda: layers.SpatialDropout1D(0.4), shape=LINE, **FULL),
    "SpatialDropout2D": layer_case(lambda: layers.SpatialDropout2D(0.4), shape=IMAGE, **FULL),
    "SpatialDropout3D": layer_case(lambda: layers.SpatialDropout3D(0.4), shape=VOLUME, **FULL),
    "LSTM, dropout": layer_case(
        lambda: layers.LSTM(2, dropout=0.3, recurrent_dropout=0.3), shape=LINE, jit=True, **FULL
    ),
    "MultiHeadAttention, dropout": Case(
        attended(as_two_arguments(layers.MultiHeadAttention, 1, 2, dropout=0.4)),
        normal(*LINE, n=24),
        normal(1, n=24, seed=1),
    ),
    "two layers of dropout": Case(two_dropouts, normal(4, n=24), normal(1, n=24, seed=1)),
    "RandomCrop": Case(cropped, positive(6, 6, 3, n=24), normal(1, n=24, seed=1), **NO_KERNEL),
    **{
        ", ".join(type(layer()).__name__ for layer in made): on_images(*made)
        for made in IMAGE_LAYERS
    },
    **{name: on_images(layer, **NO_KERNEL) for name, layer in WITHOUT_KERNEL.items()},
}
