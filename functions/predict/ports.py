"""What the request path needs from outside, as protocols: tests and the cloud both provide them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from contracts.manifest import Manifest
from contracts.metrics import Metric
from contracts.registry import Tenant, VersionRecord
from contracts.route import Route
from functions.shared.deadline import Deadline
from functions.shared.trace import Trace

if TYPE_CHECKING:
    import numpy as np

    Tensors = Mapping[str, "np.ndarray"]


class Observer(Protocol):
    """Takes measurements of one request; they become one log line and its metrics."""

    def count(self, metric: Metric, value: float = 1) -> None: ...

    def milliseconds(self, metric: Metric, value: float) -> None:
        """A duration; several of one metric in one request add up."""
        ...


class Registry(Protocol):
    """Reads of the registry table, cached for a few seconds, stale on a store error.

    Each raises `RegistryUnavailable` when the store fails and nothing was ever read; `None` means
    that the item does not exist.
    """

    def tenant(self, claim: str, observer: Observer) -> Tenant | None: ...

    def route(self, model: str, observer: Observer) -> Route | None: ...

    def version(self, model: str, version: int, observer: Observer) -> VersionRecord | None: ...


class LoadedModel(Protocol):
    """A verified model version in memory."""

    @property
    def manifest(self) -> Manifest: ...

    def run(
        self, inputs: "Tensors", outputs: Sequence[str], deadline: Deadline, trace: Trace
    ) -> "dict[str, np.ndarray]":
        """Raises `DeadlineExceeded`, or `InferenceFailed` without the runtime's own text.

        A target outside the process sends `trace.outgoing()` with its call.
        """
        ...


class Models(Protocol):
    """The verified cache: memory, then disk, then S3."""

    def manifest(self, record: VersionRecord, observer: Observer) -> Manifest:
        """The verified manifest of a version, without loading it. Raises `ModelIntegrity`."""
        ...

    def load(self, record: VersionRecord, deadline: Deadline, observer: Observer) -> LoadedModel:
        """Raises `ModelIntegrity`, `ModelUnavailable`, `StoreMisconfigured`, `DeadlineExceeded`."""
        ...

    def loaded(self, model: str, version: int) -> bool:
        """Whether the version is in memory now."""
        ...

    def keep(self, model: str, versions: Sequence[int]) -> None:
        """Versions of a model that the route mentions; the others are first to be evicted."""
        ...


class ShadowSender(Protocol):
    """Takes a copy of a request for a shadow version. Never raises and never delays an answer
    beyond its own short limit; `False` = dropped."""

    def send(self, message: bytes) -> bool: ...
