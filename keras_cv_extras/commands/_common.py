"""What several commands do."""

import pathlib

from keras_cv_extras import data, models, policy, training

_SIZE = "give --image-size with the side of a square"
_PRESETS = {
    "none": policy.no_augmentation,
    "flip_crop": policy.flip_crop,
    "crop": lambda: policy.flip_crop(flip=False),
    "rand_augment": policy.rand_augment,
    "trivial_augment": policy.trivial_augment,
    "cifar10": lambda: policy.auto_augment("cifar10"),
    "svhn": lambda: policy.auto_augment("svhn"),
    "imagenet": lambda: policy.auto_augment("imagenet"),
}


def load_data(name, image_size):
    """Loads a data set; a size given is that of a square."""
    if image_size is not None:
        return data.load(name, image_size=image_size)
    try:
        return data.load(name)
    except ValueError as error:
        raise ValueError(str(error).replace("give image_size=(height, width)", _SIZE)) from error


def small_model(images, name=None):
    """Returns a function that builds a network for a data set: a small one, or by its name."""
    shape, num_classes = images.train[0].shape[1:], len(images.class_names)
    if name is None:
        return lambda: training.small_cnn(shape, num_classes)
    return lambda: models.build(name, shape, num_classes)


def chosen_policy(text):
    """Returns the policy of a preset's name or of a file."""
    if text in _PRESETS:
        return _PRESETS[text]()
    if not pathlib.Path(text).is_file():
        raise ValueError(
            f"policy must be a file or one of {', '.join(_PRESETS)}; received {text!r}"
        )
    return policy.load(text)


def train_model(
    images, chosen, output, *, epochs, seed, model=None, batch_size=64, progress=True, **options
):
    """Trains a network into a folder, or goes on with what is there."""
    import keras

    output = pathlib.Path(output)
    path = output / "model.keras"
    if path.exists():  # written last: the training has been finished
        return training.load_model(path)
    keras.utils.set_random_seed(seed)
    model = small_model(images, model)()

    def batches(epoch):
        return data.pipeline(images.train, batch_size, policy=chosen, seed=seed, epoch=epoch)

    training.fit(
        model,
        batches,
        epochs=epochs,
        checkpoint=output / "checkpoint",
        progress=progress,
        **options,
    )
    training.save_model(model, path, about={"class_names": list(images.class_names)})
    return model
