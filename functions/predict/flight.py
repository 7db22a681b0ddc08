"""Single flight: of many callers who want one thing at one time, one fetches and the others wait.

A leader that runs out of its own time says nothing about the followers, so one of them leads next.
Any other failure is a fact about the thing, and all who waited get it.
"""

import copy
import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from functions.shared.errors import DeadlineExceeded, ServingError

T = TypeVar("T")


class _Flight(Generic[T]):
    def __init__(self) -> None:
        self.landed = threading.Event()
        self.result: tuple[T] | None = None
        self.error: ServingError | None = None


class SingleFlight(Generic[T]):
    """Flights by key; nothing of a flight is kept once it has landed."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, _Flight[T]] = {}
        self._lock = threading.Lock()

    def under_way(self, key: Hashable) -> bool:
        return key in self._flights

    def run(
        self, key: Hashable, fetch: Callable[[], T], remaining: Callable[[], float]
    ) -> tuple[T, bool]:
        """The fetched thing, and whether this caller fetched it.

        `remaining` gives the seconds that a follower may still wait. Raises `DeadlineExceeded` when
        they are over, and whatever `fetch` raised.
        """
        while True:
            with self._lock:
                flight = self._flights.get(key)
                leading = flight is None
                if flight is None:
                    flight = self._flights[key] = _Flight[T]()
            if leading:
                return self._lead(key, flight, fetch), True
            if not flight.landed.wait(remaining()):
                raise DeadlineExceeded("what another request is fetching did not arrive in time")
            if flight.error is not None:
                # A copy: one exception raised by many threads would mix their tracebacks.
                raise copy.copy(flight.error)
            if flight.result is not None:
                return flight.result[0], False

    def _lead(self, key: Hashable, flight: _Flight[T], fetch: Callable[[], T]) -> T:
        try:
            result = fetch()
            flight.result = (result,)
        except DeadlineExceeded:
            raise
        except ServingError as error:
            flight.error = copy.copy(error)
            raise
        finally:
            with self._lock:
                del self._flights[key]
            flight.landed.set()
        return result
