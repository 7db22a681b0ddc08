"""What a person is told when a command cannot do its work."""

from contracts.failure import Failure

__all__ = ["Failure", "StageFailure"]


class StageFailure(Failure):
    """A stage of a longer command failed; earlier stages keep their results."""

    def __init__(self, stage: str, cause: str, way_out: str) -> None:
        super().__init__(cause, way_out)
        self.stage = stage
