"""The one place where boto3 clients are made: for the emulator, or for the user's account."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore import UNSIGNED
from botocore.config import Config

from automation import environment

TIMEOUT_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class Clients:
    """Makes clients for one stack, each once. `endpoint_url` is the emulator's; None = AWS."""

    region: str
    endpoint_url: str | None = None
    ca_bundle: Path | None = None
    """What the emulator's certificate is checked with."""

    def __call__(self, service: str) -> Any:
        return _client(service, self.region, self.endpoint_url, self.ca_bundle)


def unsigned(service: str, region: str) -> Any:
    """A client of AWS that needs no credentials, for what may be asked without, or refused."""
    config = Config(
        signature_version=UNSIGNED,
        connect_timeout=TIMEOUT_SECONDS,
        read_timeout=TIMEOUT_SECONDS,
        retries={"mode": "standard", "max_attempts": 2},
    )
    return _session(region, None).client(service, config=config)


@lru_cache
def _client(service: str, region: str, endpoint_url: str | None, ca_bundle: Path | None) -> Any:
    config = Config(
        connect_timeout=TIMEOUT_SECONDS,
        read_timeout=6 * TIMEOUT_SECONDS,
        retries={"mode": "standard", "max_attempts": 3},
        s3={"addressing_style": "path"} if endpoint_url else None,
        proxies={} if endpoint_url else None,
    )
    return _session(region, endpoint_url).client(
        service,
        endpoint_url=endpoint_url,
        config=config,
        verify=None if ca_bundle is None else str(ca_bundle),
    )


@lru_cache
def _session(region: str, endpoint_url: str | None) -> boto3.Session:
    if endpoint_url is None:
        return boto3.Session(region_name=region)
    keys: Mapping[str, str] = environment.emulated(endpoint_url, region)
    return boto3.Session(
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
        region_name=region,
        botocore_session=_unconfigured(),
    )


def _unconfigured() -> botocore.session.Session:
    """A session that reads neither the user's profile and files nor a private certificate bundle:
    the emulator's clients must work the same on every machine."""
    nothing = (None, None, None, None)
    return botocore.session.Session(
        session_vars={
            "profile": nothing,
            "ca_bundle": nothing,
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )
