"""The unit level is pure: a test that opens a socket fails."""

import pytest
from pytest_socket import disable_socket


@pytest.fixture(autouse=True)
def no_sockets() -> None:
    disable_socket(allow_unix_socket=True)
