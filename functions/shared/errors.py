"""Errors that become RFC 9457 problem documents. `detail` is written for the caller: it names the
field, the value's kind and the limit, and never carries tensor data or another tenant's names.
"""

from typing import ClassVar


class ServingError(Exception):
    """Base: each subclass states the status it becomes and whether asking again helps."""

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal"
    title: ClassVar[str] = "The request failed inside the service"
    retry_helps: ClassVar[bool] = False

    def __init__(self, detail: str, *, action: str = "", retry_after_seconds: int = 0) -> None:
        super().__init__(detail)
        self.detail = detail
        self.action = action
        """What the caller can do; empty where the detail says it."""
        self.retry_after_seconds = retry_after_seconds


class BadRequest(ServingError):
    status, slug, title = 400, "bad-request", "The request cannot be understood"


class InvalidTensor(ServingError):
    status, slug, title = 400, "invalid-tensor", "A tensor does not fit the model's signature"


class Forbidden(ServingError):
    status, slug, title = 403, "forbidden", "The token lacks a scope"


class ModelNotFound(ServingError):
    """Also for a model outside the tenant's list: its existence is not told."""

    status, slug, title = 404, "model-not-found", "No such model or version"


class RouteNotFound(ServingError):
    status, slug, title = 404, "no-such-route", "No such path"


class BodyTooLarge(ServingError):
    status, slug, title = 413, "body-too-large", "The request body is above the limit"


class AnswerTooLarge(ServingError):
    status, slug, title = 422, "answer-too-large", "The answer does not fit one response"


class ModelIntegrity(ServingError):
    """Bytes or manifest are not what was signed: nothing of the version may be executed."""

    status, slug, title = 503, "model-integrity", "The model version failed verification"


class ModelUnavailable(ServingError):
    """The version exists but cannot be loaded now."""

    status, slug, title = 503, "model-unavailable", "The model version cannot be loaded now"
    retry_helps = True


class StoreMisconfigured(ServingError):
    """The store refused access: the role or a key policy is wrong; asking again cannot help."""

    status, slug, title = 500, "store-misconfigured", "The service may not read its own store"


class RegistryUnavailable(ServingError):
    status, slug, title = 503, "registry-unavailable", "The model registry does not answer"
    retry_helps = True


class DeadlineExceeded(ServingError):
    status, slug, title = 504, "deadline-exceeded", "The answer was not ready in time"
    retry_helps = True


class InferenceFailed(ServingError):
    status, slug, title = 500, "inference-failed", "The model failed on this input"
