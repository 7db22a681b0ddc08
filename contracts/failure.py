"""What a person is told when something cannot be done."""


class Failure(Exception):
    """Work cannot go on: what is wrong, and what to do about it.

    `cause` names the thing, its value and the reason; `way_out` says what the reader can do.
    """

    def __init__(self, cause: str, way_out: str) -> None:
        super().__init__(cause)
        self.cause = cause
        self.way_out = way_out

    def __str__(self) -> str:
        return f"{self.cause}\n{self.way_out}" if self.way_out else self.cause
