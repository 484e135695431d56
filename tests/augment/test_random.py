import numpy as np
import pytest
import tensorflow as tf

from keras_cv_extras._base import random


# Known answers of the authors' library Random123, kat_vectors, threefry2x32 with 20 rounds.
@pytest.mark.parametrize(
    ("key", "counter", "wanted"),
    [
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((0xFFFFFFFF,) * 2, (0xFFFFFFFF,) * 2, (0x1CB996FC, 0xBB002BE7)),
        ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
    ],
)
def test_known_answers(key, counter, wanted):
    words = [[random.as_word(v) for v in pair] for pair in (key, counter)]
    assert tuple(int(v) for v in random.threefry(*words)) == wanted
    arrays = [[np.array([v], "uint32") for v in pair] for pair in (key, counter)]
    assert tuple(int(v[0]) for v in random.threefry(*arrays, library=np)) == wanted


def test_graph_and_xla_give_the_same_bits():
    samples = np.arange(1000)
    eager = random.uniform(7, 3, samples, 5)
    for options in ({}, {"jit_compile": True}):
        traced = tf.function(lambda s: random.uniform(7, 3, s, 5), **options)
        np.testing.assert_array_equal(traced(samples), eager)


def test_a_graph_calls_the_generator_and_knows_the_shape():
    """Its hundreds of nodes, traced anew at each draw, were a tenth of a policy's first call."""

    @tf.function(input_signature=[tf.TensorSpec([None, 1], "int32")])
    def drawn(samples):
        return random.uniform(7, 3, samples, np.arange(4))

    graph = drawn.get_concrete_function().graph
    assert not [node for node in graph.get_operations() if node.type == "BitwiseXor"]
    assert graph.structured_outputs.shape.as_list() == [None, 4]


def test_numbers_are_uniform_and_independent():
    numbers = np.asarray(random.uniform(1, 0, np.arange(20000)[:, None], np.arange(4)))
    assert numbers.min() >= 0
    assert numbers.max() < 1
    # Standard errors: 0.289 / sqrt(80000) of the mean, 1 / sqrt(20000) of a correlation.
    assert abs(numbers.mean() - 0.5) < 0.005
    assert abs(np.corrcoef(numbers.T) - np.eye(4)).max() < 0.03


def test_every_coordinate_matters():
    base = float(random.uniform(1, 2, 3, 4))
    assert (
        len(
            {
                base,
                *(
                    float(random.uniform(*at))
                    for at in [(9, 2, 3, 4), (1, 9, 3, 4), (1, 2, 9, 4), (1, 2, 3, 9)]
                ),
            }
        )
        == 5
    )
    assert float(random.uniform(1 + 2**32, 2, 3, 4)) == base  # modulo 2**32
    assert float(random.uniform(-1, 2, 3, 4)) == float(random.uniform(2**32 - 1, 2, 3, 4))


def test_permutation():
    first = random.permutation(1000, seed=3)
    np.testing.assert_array_equal(np.sort(first), np.arange(1000))
    np.testing.assert_array_equal(first, random.permutation(1000, seed=3))
    assert np.any(first != random.permutation(1000, seed=3, epoch=1))
    assert abs(np.corrcoef(first, np.arange(1000))[0, 1]) < 0.1


def test_an_order_has_every_place_once():
    for key in (0, 5, 1 << 20):
        assert sorted(np.asarray(random.order_of_key(key, 5)).tolist()) == [0, 1, 2, 3, 4]
