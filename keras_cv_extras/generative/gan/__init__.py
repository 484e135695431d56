"""A conditional GAN: its networks, its training, and the images that it makes."""

from keras_cv_extras.generative.gan._files import GanReport, report, sample, train
from keras_cv_extras.generative.gan._report import gan_report
from keras_cv_extras.generative.gan._training import check_steps

__all__ = ["GanReport", "check_steps", "gan_report", "report", "sample", "train"]
