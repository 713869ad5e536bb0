"""The images of the examples in this folder.

``load_images`` loads MNIST or CIFAR-10 if Keras has downloaded them
before. Otherwise it loads scikit-learn's digits: for CIFAR-10 in its
shape, for MNIST with 8 by 8 pixels.

To download a data set once, run ``keras.datasets.mnist.load_data()``
or ``keras.datasets.cifar10.load_data()``.
"""

import os
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

KERAS_HOME = os.environ.get("KERAS_HOME", Path.home() / ".keras")


def load_images(name):
    """Load images and their labels.

    Parameters
    ----------
    name : {"mnist", "cifar10"}

    Returns
    -------
    images : ndarray of shape (n_images, height, width, ...)
        Numbers from 0 to 1.
    labels : ndarray of shape (n_images,)
    """
    pattern = {"mnist": "mnist.npz", "cifar10": "cifar-10-*"}[name]
    if any(Path(KERAS_HOME, "datasets").glob(pattern)):
        import keras

        loader = getattr(keras.datasets, name)
        (images, labels), _ = loader.load_data()
        return images / 255.0, labels.ravel()
    print(
        f"{name} is not downloaded: these are scikit-learn's digits."
    )
    digits = load_digits()
    images = digits.images / 16.0
    if name == "cifar10":  # 32 by 32 pixels, three colours
        images = np.kron(images, np.ones((1, 4, 4)))
        images = np.repeat(images[..., None], 3, axis=-1)
    return images, digits.target
