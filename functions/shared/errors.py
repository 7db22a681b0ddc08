"""Errors that become RFC 9457 problem documents. `detail` is written for the caller: it names the
field, the value's kind and the limit, and never carries tensor data or another tenant's names.
"""

from typing import ClassVar


class ServingError(Exception):
    """Base: each subclass states the status it becomes and whether asking again helps."""

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal"
    title: ClassVar[str] = "The request failed inside the service"
    what_to_do: ClassVar[str] = "Ask the operator, giving the instance of this problem."
    """Advice for the caller, unless the raiser has better (`action`)."""
    retry_helps: ClassVar[bool] = False

    def __init__(self, detail: str, *, action: str = "", retry_after_seconds: int = 0) -> None:
        super().__init__(detail)
        self.detail = detail
        self.action = action or self.what_to_do
        self.retry_after_seconds = retry_after_seconds or (1 if self.retry_helps else 0)
        """Seconds for the `Retry-After` header; 0 = no header."""


class BadRequest(ServingError):
    status, slug, title = 400, "bad-request", "The request cannot be understood"
    what_to_do = "Correct the named field; the same request will be refused again."


class InvalidTensor(ServingError):
    status, slug, title = 400, "invalid-tensor", "A tensor does not fit the model's signature"
    what_to_do = "Correct the named field; GET the model's metadata for its signature."


class Forbidden(ServingError):
    status, slug, title = 403, "forbidden", "The token does not allow this"
    what_to_do = "Ask for a token with the named scope, of a client that is registered."


class ModelNotFound(ServingError):
    """Also for a model outside the tenant's list: its existence is not told."""

    status, slug, title = 404, "model-not-found", "No such model or version"
    what_to_do = "Check the name and the version; ask the operator for access."


class WrongServingGroup(ServingError):
    """Told only to a tenant that may use the model: it names the group."""

    status, slug, title = 404, "wrong-serving-group", "Another serving group has this model"
    what_to_do = "Ask the operator to list the model in the group that has it."


class RouteNotFound(ServingError):
    status, slug, title = 404, "no-such-route", "No such path"
    what_to_do = "Use a path and method of the Open Inference Protocol v2."


class BodyTooLarge(ServingError):
    status, slug, title = 413, "body-too-large", "The request body is above the limit"
    what_to_do = "Send fewer rows in one request, or binary tensors instead of JSON."


class AnswerTooLarge(ServingError):
    status, slug, title = 422, "answer-too-large", "The answer does not fit one response"
    what_to_do = "Send fewer rows, name fewer outputs, or ask for binary outputs."


class AnswerNotJson(ServingError):
    status, slug, title = 422, "answer-not-json", "The answer has no JSON form"
    what_to_do = "Ask for binary outputs: parameters.binary_data_output = true."


class ModelIntegrity(ServingError):
    """Bytes or manifest are not what was signed: nothing of the version may be executed."""

    status, slug, title = 503, "model-integrity", "The model version failed verification"
    what_to_do = "Use another version; the operator must publish this one again."


class ModelUnavailable(ServingError):
    """The version exists but cannot be loaded now."""

    status, slug, title = 503, "model-unavailable", "The model version cannot be loaded now"
    what_to_do = "Ask again after the time in Retry-After."
    retry_helps = True


class StoreMisconfigured(ServingError):
    """The store refused access: the role or a key policy is wrong; asking again cannot help."""

    status, slug, title = 500, "store-misconfigured", "The service may not read its own store"


class RegistryUnavailable(ServingError):
    status, slug, title = 503, "registry-unavailable", "The model registry does not answer"
    what_to_do = "Ask again after the time in Retry-After."
    retry_helps = True


class DeadlineExceeded(ServingError):
    status, slug, title = 504, "deadline-exceeded", "The answer was not ready in time"
    what_to_do = "Ask again: a model that was being loaded may be ready now; or send fewer rows."
    retry_helps = True


class InferenceFailed(ServingError):
    status, slug, title = 500, "inference-failed", "The model failed on this input"
    what_to_do = "Check the input's values; ask the operator, giving the instance of this problem."
