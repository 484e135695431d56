"""How long the parts of trainings take, measured before a search begins."""

import dataclasses
import time
from typing import Any, NamedTuple

from keras_cv_extras.augment import OPS
from keras_cv_extras.policy import SEARCH_OPS
from keras_cv_extras.search.stages._screen import num_cells, time_op
from keras_cv_extras.search.trials._shared import uniform_policy

_EPOCHS = 4  # that are timed together: one is over before a busy machine shows itself
_STARTS = 2


class Work(NamedTuple):
    """What trainings are made of, in numbers.

    Attributes:
        starts: fresh weights, for which a model is built and programs are set up again.
        resumes: trainings that begin, from whatever weights.
        epochs: passes over the training part.
        images: images that are classified.
        ops: ops for which the screen compiles a program.
        screened: images that the screen augments and classifies.
    """

    starts: float = 0
    resumes: float = 0
    epochs: float = 0
    images: float = 0
    ops: float = 0
    screened: float = 0

    def seconds(self, timing: "Timing") -> float:
        """Returns how long it takes."""
        return sum(count * getattr(timing, name) for name, count in self._asdict().items())


@dataclasses.dataclass(frozen=True)
class Timing:
    """The seconds that one of each part of `Work` takes.

    Args:
        starts: to build a model for its weights, and to set up programs again after that.
        resumes: to set the weights that a training begins with.
        epochs: of one pass over the training part.
        images: to classify one image.
        ops: to compile the program of an op for the screen.
        screened: to augment and classify one image in the screen.
    """

    starts: float
    resumes: float
    epochs: float
    images: float
    ops: float
    screened: float


def measure(request: Any) -> Timing:
    """Times a few epochs, starts and scores, after what compiles their programs.

    Args:
        request: what the search is asked.
    """
    trainer, policy, seed = request.trainer, uniform_policy(request.ops), request.seed
    images, labels = request.parts["validation"]
    trainer.train(policy, seed, epochs=(0, 1))
    state = trainer.state()
    trainer.evaluate(images[:1], labels[:1])

    def seconds(function, *arguments, **options):
        start = time.monotonic()
        function(*arguments, **options)
        return time.monotonic() - start

    def after_a_start(number):
        trainer.new_model(seed + number)
        trainer.train(policy, seed, epochs=(0, 1), start=state)
        trainer.evaluate(images, labels)

    starts = [seconds(after_a_start, number) for number in range(_STARTS)]
    resumes = seconds(trainer.train, policy, seed, epochs=(0, 0), start=state)
    epochs = min(_EPOCHS, trainer.epochs)
    whole = seconds(trainer.train, policy, seed, epochs=(0, epochs), start=state)
    epoch = (whole - resumes) / epochs
    classifying = seconds(trainer.evaluate, images, labels)
    compiling = screening = 0.0
    num_screened = 1
    if request.staged:
        op = _usual(request.ops)
        first, screening = time_op(trainer, op)
        num_screened = screened_images([op], -(-len(trainer.train_labels) // 2))
        if own := own_programs(request.ops):
            first, again = (first, screening) if op in own else time_op(trainer, own[0])
            compiling = first - again
    found = {
        "starts": sum(starts) / len(starts) - resumes - epoch - classifying,
        "resumes": resumes,
        "epochs": epoch,
        "images": classifying / len(labels),
        "ops": compiling,
        "screened": screening / num_screened,
    }
    return Timing(**{name: max(0.0, value) for name, value in found.items()})


def own_programs(ops: Any) -> list[str]:
    """Returns the ops that have a program each: all that are usual in searches share one."""
    return [op for op in ops if op not in SEARCH_OPS]


def screened_images(ops: Any, num_images: int) -> int:
    """Returns how many images a screen of ops classifies."""
    return sum(map(num_cells, ops)) * num_images


def _usual(ops):
    """Returns an op with strengths, as most have them."""
    return next((op for op in ops if OPS[op].has_strength), ops[0])
