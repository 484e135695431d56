"""A function of many items, by a few threads."""

import collections
from collections.abc import Callable, Iterator, Sequence
from concurrent import futures
from typing import Any

_AT_ONCE = 16  # items of a task at most; a task costs as much as the stat of a dozen files


def mapped(function: Callable[[Any], Any], items: Sequence[Any], workers: int) -> Iterator[Any]:
    """Yields what a function returns of each item, in order.

    Few tasks wait at a time, so that a million items take no more memory than a thousand.

    Args:
        function: what it raises is raised here.
        items: what is given to it, one by one.
        workers: how many threads there are.
    """
    size = min(_AT_ONCE, max(1, len(items) // (4 * workers)))
    waiting = collections.deque()
    pool = futures.ThreadPoolExecutor(workers)
    try:
        for start in range(0, len(items), size):
            some = items[start : start + size]
            waiting.append(pool.submit(lambda some=some: [function(item) for item in some]))
            if len(waiting) > 4 * workers:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
