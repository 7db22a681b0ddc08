import os

import pytest

from tests.bench.residue import occurrences

pytestmark = pytest.mark.unit


def test_the_search_of_raw_memory_finds_what_is_planted_and_stops_once_it_is_overwritten() -> None:
    kept = bytearray(os.urandom(24))
    turned = bytes(reversed(kept))  # a needle in clear text would find itself

    def found() -> int:
        return occurrences(os.getpid(), bytes(reversed(turned)))

    planted = found()
    assert planted >= 2, "the buffer and the needle"
    kept[:] = bytes(len(kept))
    assert found() < planted
