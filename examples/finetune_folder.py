"""Fine-tunes a network on a folder of JPEG files, and says what is in other photographs.

    python examples/finetune_folder.py

Makes the folder first: 60 parts of each of five photographs, some of which lie on their side as a
phone stores them, and one file that is cut off. The network is a small one with random weights,
so that nothing is downloaded; `weights="imagenet"` begins with those that Keras publishes. The
head alone is trained first, then everything. With --smoke: fewer files, one epoch each.

Three minutes on two cores that had other work to do as well; 58 of the 60 files that it did not see
are right, and china/0.jpg is named as damaged.
"""

import pathlib
import sys
import tempfile

import keras
import numpy as np
import skimage.data
from PIL import Image
from sklearn.datasets import load_sample_images

import keras_cv_extras as kcx

SIZE = 64


def make_folder(folder: pathlib.Path, num_files: int):
    """Writes parts of photographs as JPEG files, a folder for each photograph."""
    photographs = {name: getattr(skimage.data, name)() for name in ("astronaut", "chelsea")}
    photographs["coffee"] = skimage.data.coffee()
    photographs |= dict(zip(("china", "flower"), load_sample_images().images, strict=True))
    draws = np.random.default_rng(0)
    for name, pixels in photographs.items():
        (folder / name).mkdir(parents=True)
        for number in range(num_files):
            top, left = (draws.integers(0, side - 160) for side in pixels.shape[:2])
            image, exif = Image.fromarray(pixels[top : top + 160, left : left + 160]), Image.Exif()
            if number % 5 == 0:
                exif[0x0112] = 6  # "turn it clockwise to see it upright"
                image = image.transpose(Image.Transpose.ROTATE_90)
            image.save(folder / name / f"{number}.jpg", exif=exif)
    path = folder / "china" / "0.jpg"
    path.write_bytes(path.read_bytes()[:2000])


def main(num_files: int, epochs: int):
    """Makes the folder, trains, and prints how good the network is on files that it did not see."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name) / "photographs"
        make_folder(folder, num_files)
        files = kcx.data.image_files(folder, SIZE)
        print(repr(files))
        keras.utils.set_random_seed(0)
        model = kcx.models.build("cifar-resnet20", (SIZE, SIZE, 3), len(files.class_names))
        recipe = kcx.training.recipe("cifar-resnet20", fine_tune=True).with_batch_size(32)
        for stage in (0, None):  # the head, then all stages
            kcx.models.unfreeze(model, stage, batch_norm=True)
            steps = -(-len(files.train) // recipe.batch_size)
            recipe.compile(model, steps=steps * epochs)
            clock = kcx.training.InputClock()

            def batches(epoch, clock=clock):
                policy = kcx.policy.flip_crop()
                made = kcx.data.pipeline(files.train, recipe.batch_size, policy, epoch=epoch)
                return clock.watch(made)

            bar = kcx.training.ProgressBar()
            kcx.training.fit(model, batches, epochs=epochs, callbacks=[clock, bar], progress=False)
        print(clock.verdict())
        found = kcx.training.predict(model, files.test, files.class_names)
        scores = found.evaluation()
        print(f"{scores.accuracy:.4f} of {len(found.labels)} files are right")
        for path, why in files.unreadable().items():
            print(f"left out: {pathlib.Path(path).relative_to(folder)}, {why}")


if __name__ == "__main__":
    smoke = "--smoke" in sys.argv
    main(num_files=10 if smoke else 60, epochs=1 if smoke else 8)
