"""`classical.check_classes`: labels that an estimator can be fitted to."""

import numpy as np
import pytest

from keras_cv_extras import classical


def test_labels_of_two_classes_or_more_for_all_images():
    for labels in ([0, 1, 0], np.array(["cat", "dog", "cat"])):
        classical.check_classes(labels, 3)
    wrong = (([0, 1], 3), ([0, 0, 0], 3), ([], 0), ([[0, 1], [1, 0]], 2), (None, 3))
    for labels, count in wrong:
        with pytest.raises((TypeError, ValueError), match="labels must"):
            classical.check_classes(labels, count)
    with pytest.raises(ValueError, match="one class: 0$"):
        classical.check_classes([0, 0, 0], 3)


def test_labels_that_are_missing_are_said_to_be():
    for missing in (None, np.nan):
        labels = ["cat", missing, "dog"]
        for given in (labels, np.array(labels, object)):
            with pytest.raises(ValueError, match="fill in or leave out what is missing"):
                classical.check_classes(given, 3)
