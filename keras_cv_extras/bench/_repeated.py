"""A contestant that is a function called in a Python loop."""

import time


class Repeated:
    """A function called in a Python loop, on one image or on a batch at a time.

    Args:
        function: a function of an item.
        items: what it is called with, in turn.
        count: how many images one pass over the items has.
        version: the version of the library.
    """

    def __init__(self, function, items, count, version):
        self.version = version
        self._function, self._items, self._count = function, items, count

    def start(self):
        self._function(self._items[0])

    def measure(self, seconds):
        count = 0
        begin = time.perf_counter()
        while True:
            for item in self._items:
                self._function(item)
            count += self._count
            taken = time.perf_counter() - begin
            if taken >= seconds:
                return count, taken
