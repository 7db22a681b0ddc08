"""Kinds of value that several sections use."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from contracts.manifest import MODEL_NAME
from contracts.registry import ANY_MODEL
from settings import limits

NAME_PATTERN = r"^[a-z0-9][a-z0-9-]{0,39}$"
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
Label = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._@-]{0,63}$")]
GroupName = Annotated[
    str, StringConstraints(pattern=rf"^[a-z0-9][a-z0-9_-]{{0,{limits.GROUP_NAME_LENGTH - 1}}}$")
]
HttpsUrl = Annotated[str, StringConstraints(pattern=r"^https://[^\s]+$")]
Origin = Annotated[str, StringConstraints(pattern=r"^https://[^\s/*]+$")]
"""As browsers send it: without path or slash."""
Email = Annotated[str, StringConstraints(pattern=r"^[^\s@]+@[^\s@]+\.[^\s@]+$", max_length=254)]
Claim = Annotated[str, StringConstraints(min_length=1, max_length=256)]
ProfileVersionArn = Annotated[
    str,
    StringConstraints(
        pattern=r"^arn:aws[a-z-]*:signer:[a-z0-9-]+:\d{12}:/signing-profiles/[A-Za-z0-9_]{2,64}/[A-Za-z0-9]{10}$"
    ),
]
BucketName = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", max_length=63)
]
Scope = Literal["models/infer", "models/read", "models/write"]


def _model_name(value: str) -> str:
    if value != ANY_MODEL and not MODEL_NAME.fullmatch(value):
        raise ValueError(
            f"{value!r} is no model name: 1 to 63 lower-case letters, digits, '-' and '_' "
            f"(or '{ANY_MODEL}' for every model)"
        )
    return value


def _retention(value: int) -> int:
    if value not in limits.LOG_RETENTION_DAYS:
        allowed = ", ".join(map(str, sorted(limits.LOG_RETENTION_DAYS)))
        raise ValueError(
            f"it is {value}; CloudWatch Logs keeps for {allowed} days, nothing between"
        )
    return value


ModelName = Annotated[
    str,
    AfterValidator(_model_name),
    Field(json_schema_extra={"pattern": rf"^(\*|{MODEL_NAME.pattern})$"}),
]
RetentionDays = Annotated[
    int,
    AfterValidator(_retention),
    Field(json_schema_extra={"enum": [*sorted(limits.LOG_RETENTION_DAYS)]}),
]
