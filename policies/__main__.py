"""Starts the pack for the engine: the only place that constructs a `PolicyPack`.

The engine runs this folder by path, so `policies` itself is importable only because the project is
installed (editable) in the environment that PulumiPolicy.yaml names.
"""

from pulumi_policy import EnforcementLevel, PolicyPack

from policies.adapter import policy
from policies.pack import RULES

PolicyPack(
    name="warmline",
    policies=[policy(rule) for rule in RULES],
    enforcement_level=EnforcementLevel.MANDATORY,
)
