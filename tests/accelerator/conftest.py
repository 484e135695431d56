"""The devices that are compared."""

import pytest

from accelerator.devices import PROCESSOR


@pytest.fixture(scope="session")
def device(request):
    """The name of the accelerator."""
    return request.config.getoption("accelerator")


@pytest.fixture(scope="session")
def devices(device):
    """The names of the processor and of the accelerator."""
    return PROCESSOR, device
