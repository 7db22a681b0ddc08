"""parliament, an IAM linter, with what it needs today and what it does not know yet."""

import importlib.util
import json
import sys
import types
import warnings
from pathlib import Path
from typing import Any

NEWER_ACTIONS = frozenset({"kms:ListKeyRotations"})
"""In IAM since 2024-04, checked 2026-11; parliament 1.6.4 carries an older list."""


EVERY_RESOURCE_OF_EC2 = ":*/*"
"""What Lambda wants of a role in a VPC; parliament looks for one type of resource."""
FEDERATION = ":oidc-provider/token.actions.githubusercontent.com"
"""An issuer of tokens that the linter does not know by name."""


def _load() -> Any:
    """parliament finds its data through pkg_resources, which setuptools no longer has."""
    stub = types.ModuleType("pkg_resources")

    def resource_filename(package: str, name: str) -> str:
        spec = importlib.util.find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        return str(Path(spec.origin).parent / name)

    stub.resource_filename = resource_filename  # type: ignore[attr-defined] - a stand-in module
    sys.modules.setdefault("pkg_resources", stub)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import parliament
    return parliament


PARLIAMENT = _load()


def findings(document: str) -> list[str]:
    """What the linter says against a policy document, as short lines.

    Left out: resource `*`, which our own table of wildcards judges, and what parliament asks of
    policies that have no resource: of trust, and of a repository of images.
    """
    statements = json.loads(document)["Statement"]
    bare = all(
        action.startswith(("sts:AssumeRole", "ecr:"))
        for each in statements
        for action in each["Action"]
    )
    found = PARLIAMENT.analyze_policy_string(document).findings
    return [
        f"{each.issue}: {each.detail}"
        for each in found
        if each.issue != "RESOURCE_STAR"
        and not (each.issue == "UNKNOWN_ACTION" and str(each.detail) in NEWER_ACTIONS)
        and not (each.issue == "RESOURCE_MISMATCH" and EVERY_RESOURCE_OF_EC2 in document)
        and not (
            each.issue == "UNKNOWN_FEDERATION_SOURCE" and str(each.detail).endswith(FEDERATION)
        )
        and not (bare and "neither Resource nor NotResource" in str(each.detail))
    ]
