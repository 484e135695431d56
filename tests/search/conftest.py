"""What several files of tests of the search need."""

import threading

import pytest


@pytest.fixture
def start():
    """Starts functions as threads, and looks in the end that none has failed or goes on."""
    threads, failures = [], []

    def run(function):
        def guarded():
            try:
                function()
            except BaseException as error:  # noqa: BLE001
                failures.append(error)

        threads.append(threading.Thread(target=guarded, daemon=True))
        threads[-1].start()
        return threads[-1]

    yield run
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert failures == []
