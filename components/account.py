"""Where a stack is deployed."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Account:
    """The account and region that resources are made in."""

    id: str
    region: str
    partition: str

    @property
    def root_arn(self) -> str:
        return f"arn:{self.partition}:iam::{self.id}:root"
