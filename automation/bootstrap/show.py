"""Prints what bootstrap did, and what is to be written where."""

from automation.bootstrap.run import Bootstrapped


def next_steps(result: Bootstrapped) -> str:
    """What goes into the stack file, and into the repository's variables for the pipeline."""
    stack = result.stack
    upper = stack.upper().replace("-", "_")
    return "\n".join(
        [
            f"Write into Pulumi.{stack}.yaml:",
            f"  secretsprovider: {result.secrets_provider}",
            "  config:",
            "    warmline:deployment:",
            f"      backend_url: {result.backend_url}",
            f"      role_boundary: {result.role_boundary}",
            "",
            "For the pipeline (docs/ci.md), as variables of the repository on GitHub:",
            f"  WARMLINE_{upper}_PLAN_ROLE   {result.roles['plan']}",
            f"  WARMLINE_{upper}_APPLY_ROLE  {result.roles['apply']}",
            f"  WARMLINE_{upper}_REGION      {result.region}",
        ]
    )


def summary(result: Bootstrapped) -> str:
    changed = [step for step in result.steps if step["outcome"] != "unchanged"]
    if not changed:
        return f"Everything was there: {len(result.steps)} steps, no changes."
    would = "would be " if result.dry_run else ""
    return f"{len(changed)} of {len(result.steps)} steps {would}made or changed."
