"""The bins of a reliability diagram."""

import numpy as np

from keras_cv_extras import metrics


def test_bins_hold_confidence_accuracy_and_count():
    metric = metrics.ExpectedCalibrationError(num_bins=4)
    chances = np.array([[0.625, 0.375], [0.25, 0.75], [0.125, 0.875]], "float32")
    metric.update_state([0, 1, 0], chances, sample_weight=[1, 1, 2])
    found = metric.reliability()
    assert type(found) is metrics.Reliability
    np.testing.assert_allclose(found.confidence, [0, 0, (0.625 + 0.75) / 2, 0.875])
    np.testing.assert_allclose(found.accuracy, [0, 0, 1, 0])
    np.testing.assert_allclose(found.count, [0, 0, 2, 2])
    assert float(metric.result()) == (2 * (1 - 0.6875) + 2 * 0.875) / 4


def test_a_diagram_of_bins():
    """A bar for every bin that has samples, and below how many it has."""
    bins = metrics.Reliability([0.25, 0.0, 1.0], [0.5, 0.0, 0.75], [1, 0, 3])
    above, below = metrics.plot_reliability(bins).axes
    assert [patch.get_height() for patch in above.patches] == [0.5, 0.75]
    assert [patch.get_height() for patch in below.patches] == [0.25, 0, 0.75]
    assert above.get_title() == "calibration error 0.2500"
    middles = [
        [bar.get_x() + bar.get_width() / 2 for bar in axes.patches] for axes in (above, below)
    ]
    np.testing.assert_allclose(middles[0], [1 / 6, 5 / 6])
    np.testing.assert_allclose(middles[1], [1 / 6, 3 / 6, 5 / 6])
    ideal, line = (np.transpose(one.get_data()).tolist() for one in above.lines)
    assert (ideal, line) == ([[0, 0], [1, 1]], [[0.25, 0.5], [1, 0.75]])
    assert above.get_xlim() == above.get_ylim() == (0, 1)
