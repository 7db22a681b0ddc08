"""Calls to the emulator through boto3, with errors that say which call failed and why."""

import functools
import ipaddress
import os
import re
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_MISSING = re.compile(
    r"NotFound|NoSuch|NonExistent|DoesNotExist|^404$|UnknownResource", re.IGNORECASE
)


CALLS_VARIABLE = "WARMLINE_CALLS_FILE"
"""Names a file that each call is noted in: what a role that deploys must be allowed."""


class CallFailed(Exception):
    """A call was refused, either by botocore's model of the service or by the emulator."""

    def __init__(self, service: str, operation: str, code: str, message: str) -> None:
        super().__init__(f"{service} {operation}: {code}: {message}")
        self.service = service
        self.operation = operation
        self.code = code
        self.message = message

    @property
    def missing(self) -> bool:
        """Whether the thing asked for does not exist."""
        return bool(_MISSING.search(self.code))


@dataclass(frozen=True)
class Aws:
    """The emulator's endpoint, and a client per service."""

    endpoint_url: str
    region: str
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @staticmethod
    def from_environ(region: str | None = None) -> "Aws":
        """The endpoint that the environment names.

        Raises ValueError unless it is on this machine: test credentials and deletions of
        everything must never reach an AWS account.
        """
        endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
        if not endpoint:
            raise ValueError(
                "AWS_ENDPOINT_URL is not set, and this provider talks only to the emulator; "
                "use `warmline up` (or `make up`), which starts it and sets the address"
            )
        if not _is_loopback(urlsplit(endpoint).hostname or ""):
            raise ValueError(
                f"AWS_ENDPOINT_URL is {endpoint}, which is not on this machine; this provider "
                "talks only to the emulator. For AWS, take emulation's launchers off PATH"
            )
        named = region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        if not named:
            raise ValueError("no region is set: give the stack the key aws:region")
        return Aws(endpoint.rstrip("/"), named)

    @functools.cached_property
    def account(self) -> str:
        """The account that the test credentials belong to."""
        return str(self.call("sts", "GetCallerIdentity")["Account"])

    def client(self, service: str) -> Any:
        """The client of one service."""
        # Imported here because it is slow, and the catalogue is read without it.
        from boto3.session import Session
        from botocore.config import Config

        with self._lock:  # making a client is not safe in threads, using it is
            if service not in self._clients:
                self._clients[service] = Session().client(
                    service,
                    endpoint_url=self.endpoint_url,
                    region_name=self.region,
                    config=Config(
                        retries={"total_max_attempts": 1},
                        s3={"addressing_style": "path"},
                        max_pool_connections=32,
                    ),
                )
            return self._clients[service]

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Calls an operation by its name in the API; parameters that are None are left out.

        Raises CallFailed.
        """
        from botocore import xform_name
        from botocore.exceptions import BotoCoreError, ClientError

        if CALLS_VARIABLE in os.environ:
            with Path(os.environ[CALLS_VARIABLE]).open("a", encoding="ascii") as calls:
                calls.write(f"{service}:{operation}\n")
        given = {key: value for key, value in parameters.items() if value is not None}
        try:
            return getattr(self.client(service), xform_name(operation))(**given)
        except ClientError as error:
            details = error.response.get("Error", {})
            raise CallFailed(
                service, operation, str(details.get("Code")), str(details.get("Message"))
            ) from error
        except BotoCoreError as error:
            raise CallFailed(service, operation, type(error).__name__, str(error)) from error


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
