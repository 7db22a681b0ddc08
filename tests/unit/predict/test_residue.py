import os

import pytest

from tests.bench.residue import occurrences

pytestmark = pytest.mark.unit


def test_the_search_of_raw_memory_finds_what_is_planted_and_stops_once_it_is_overwritten() -> None:
    # Many: the search itself leaves a copy or two in what it frees.
    kept = [bytearray(os.urandom(24))]
    kept += [bytearray(kept[0]) for _ in range(99)]
    turned = bytes(reversed(kept[0]))  # a needle in clear text would find itself

    def found() -> int:
        return occurrences(os.getpid(), bytes(reversed(turned)))

    assert found() >= len(kept)
    for each in kept:
        each[:] = bytes(len(each))
    assert found() < len(kept) // 2
