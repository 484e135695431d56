"""A function of many items, by a few threads."""

import threading
import time

import pytest

from keras_cv_extras._base.host.threads import mapped


@pytest.mark.parametrize("count", [0, 1, 5, 200, 1001])
@pytest.mark.parametrize("workers", [1, 3])
def test_results_have_the_order_of_the_items(count, workers):
    assert list(mapped(str, range(count), workers)) == [str(item) for item in range(count)]


def test_few_items_are_shared_by_all_threads():
    meeting = threading.Barrier(4, timeout=20)

    def wait(item):
        meeting.wait()
        return item

    assert list(mapped(wait, range(4), 4)) == [0, 1, 2, 3]


def test_few_tasks_wait_at_a_time():
    begun = []
    results = mapped(lambda item: begun.append(item) or item, range(100_000), 2)
    assert next(results) == 0
    assert len(begun) < 1000
    results.close()


def test_an_error_ends_what_has_not_begun():
    begun = []

    def fail(item):
        begun.append(item)
        if item == 20:
            raise ValueError("the twentieth")
        if item > 31:
            time.sleep(0.01)

    with pytest.raises(ValueError, match="the twentieth"):
        list(mapped(fail, range(100_000), 1))
    assert len(begun) < 25  # of the task that has begun, not even all
