"""The unit level is pure: a test that opens a socket fails, and nobody's own stack is seen."""

from collections.abc import Iterator

import pytest
from pytest_socket import disable_socket

from emulation.paths import HOME_VARIABLE


@pytest.fixture(scope="session", autouse=True)
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(HOME_VARIABLE, str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(autouse=True)
def no_sockets() -> None:
    disable_socket(allow_unix_socket=True)
