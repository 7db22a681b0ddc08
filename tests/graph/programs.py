"""The whole program under mocks, with its committed stack files."""

import json
import runpy
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pulumi_aws  # noqa: F401 - see tests.harness, which loads its noisy parts quietly
import pytest
import yaml

from components import packaging
from components.packaging import ROOT, Package
from tests.harness import Graph, deploy

STACKS = ("local", "dev", "prod")
ARCHIVE_DIGEST = "c0ffee" + "0" * 58


def stack_file(stack: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]


def wire(config: dict[str, Any]) -> dict[str, str]:
    """Configuration as the engine hands it over: text, JSON for everything structured."""
    return {k: v if isinstance(v, str) else json.dumps(v) for k, v in config.items()}


def unbuilt(function: str, *, python_version: str, architecture: str) -> Package:
    """Stands for a built archive: graphs need its name and digest, not its bytes."""
    return Package(
        function=function,
        path=Path(__file__),
        sha256=ARCHIVE_DIGEST,
        handler=f"functions.{function}.handler.handler",
        runtime=f"python{'3.11' if python_version == 'machine' else python_version}",
        architecture="x86_64" if architecture == "machine" else architecture,
    )


def run(
    stack: str,
    config: dict[str, Any] | None = None,
    archive: Callable[..., Package] = unbuilt,
) -> Graph:
    """Deploys `__main__.py` under mocks, anew; `archive` stands for what builds archives."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packaging, "build", archive)
        return deploy(
            lambda: runpy.run_path(str(ROOT / "__main__.py")) and None,
            stack=stack,
            config=wire(config if config is not None else stack_file(stack)),
        )


@cache
def graph_of(stack: str) -> Graph:
    """The graph of a committed stack, built once for the session."""
    return run(stack)
