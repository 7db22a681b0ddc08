"""Why a token is not accepted. The reasons go to the log, never to the caller.

No text here carries a token or anything that stands in one whose signature is not verified.
"""


class Refused(Exception):
    """The token is not good: the caller gets 401. `reason` is one of few words, for queries."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(detail or reason)
        self.reason = reason
        self.detail = detail


class IssuerUnavailable(Exception):
    """The issuer's keys cannot be had, so no token can be judged: the caller may come again."""


class Unauthorized(Exception):
    """What the gateway turns into 401: a REST authorizer has no other way to say it than an error
    with exactly this text."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")
