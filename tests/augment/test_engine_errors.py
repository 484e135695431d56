"""An error while a program is traced leaves nothing behind."""

import pytest
import tensorflow as tf

from keras_cv_extras._base import engine


@pytest.mark.parametrize("map_over", [engine.map_images, engine.map_rows])
def test_a_strategy_can_begin_after_an_error(map_over):
    def refuse(image):
        raise ValueError("refused")

    with pytest.raises(ValueError, match="refused"):
        tf.function(lambda images: map_over(refuse, images))(tf.zeros((2, 3, 3, 1)))
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        assert tf.Variable(1.0).shape == ()
