"""A function of many items, by a few threads."""

import collections
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent import futures
from typing import Any


def mapped(
    function: Callable[[Any], Any], items: Sequence[Any], workers: int, at_once: int = 16
) -> Generator[Any, None, None]:
    """Yields what a function returns of each item, in order.

    Few tasks wait at a time, so that a million items take no more memory than a thousand.

    Args:
        function: what it raises is raised here.
        items: what is given to it, one by one.
        workers: how many threads there are.
        at_once: how many items a task has at most: one costs as much as the stat of a dozen files.
    """
    size = min(at_once, max(1, len(items) // (4 * workers)))
    waiting, ended = collections.deque(), threading.Event()

    def task(some):
        return [function(item) for item in some if not ended.is_set()]

    pool = futures.ThreadPoolExecutor(workers)
    try:
        for start in range(0, len(items), size):
            waiting.append(pool.submit(task, items[start : start + size]))
            if len(waiting) > 4 * workers:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    finally:
        ended.set()
        pool.shutdown(cancel_futures=True)
