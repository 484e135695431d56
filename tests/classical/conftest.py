"""What the tests of `classical` share."""

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(scope="package", autouse=True)
def one_thread():
    """Keeps scikit-learn's k-means to one thread: of few rows, others only wait, and not idly."""
    import sklearn.cluster  # noqa: F401  which loads the library of threads

    with threadpool_limits(1, user_api="openmp"):
        yield
