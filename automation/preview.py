"""`warmline preview`: what `up` would do, judged by the policy pack; by default without an account.

Without an account echo providers answer for AWS, EKS and Kubernetes, and state is kept apart, so
everything shows as new. Placeholders stand for what AWS would make up, so every rule has to run.
With an account, values that are not made yet are unknown, and the rules in `ALLOWED_FILE` may wait
for `up`, which runs the same pack.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from automation import cost, deployment
from automation.cost import Estimate
from automation.images import before_up
from automation.report import COULD_NOT_RUN, MANDATORY, Report, RuleResult
from automation.stages import Stages
from automation.workspace import Reach, check_settings, open_stack, read_stack_file
from emulation import engine as engines
from emulation import launchers
from emulation.paths import ROOT

ALLOWED_FILE = ROOT / "policies" / "deferred.txt"
"""Rules that may stay unchecked in a preview with an account: an id a line, then its reason."""

UNASKED = "who signed {}: asked with --account, by `up` and by `warmline images verify IMAGE`"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a preview found, and whether it may pass."""

    stack: str
    report: Report
    violations: list[RuleResult] = field(default_factory=list)
    """Of mandatory rules."""
    unchecked: list[RuleResult] = field(default_factory=list)
    """Rules that could not run and that nobody allowed to."""
    tolerated: list[RuleResult] = field(default_factory=list)
    """Rules that could not run and may."""
    costs: Estimate | None = None
    """None for a stack of the laptop, which costs nothing."""
    advice: list[RuleResult] = field(default_factory=list)
    not_asked: list[str] = field(default_factory=list)
    """What only an account can tell, and `up` will ask."""

    @property
    def passes(self) -> bool:
        return not self.violations and not self.unchecked

    def as_json(self) -> dict[str, Any]:
        def listed(results: Iterable[RuleResult]) -> list[dict[str, str]]:
            return [{"rule": r.rule, "resource": r.resource, "message": r.message} for r in results]

        return {
            "stack": self.stack,
            "passes": self.passes,
            "policy_packs": self.report.packs,
            "changes": dict(self.report.changes),
            "resources": dict(sorted(self.report.types.items())),
            "violations": listed(self.violations),
            "unchecked": listed(self.unchecked),
            "tolerated": listed(self.tolerated),
            "advice": listed(self.advice),
            "costs": self.costs and self.costs.as_json(),
            "not_asked": self.not_asked,
        }


def preview(
    stack: str, console: Console, *, account: bool = False, allowed: Collection[str] = ()
) -> Verdict:
    """Raises `StageFailure` when the program or the engine fails, and with an account for an image
    that may not run; not for a rule's finding."""
    stages, source = Stages(console), read_stack_file(stack)
    with deployment.one_at_a_time():
        with stages.stage("engine") as stage:
            settings = check_settings(stack, source)
            launchers.write()
            engine = engines.ensure(stage)
            stage.result = f"Pulumi {engine.version}"
        if account:
            before_up.judge(stack, source, stages)
        with stages.stage("preview") as stage:
            opened = open_stack(stack, engine, Reach.ACCOUNT if account else Reach.NOTHING)
            if not account:
                deployment.release_stale_locks(opened)
            report = deployment.preview(opened, stage)
            stage.result = f"{sum(report.types.values())} resources"
    waiting = allowed_rules(ALLOWED_FILE) if account else set[str]()
    verdict = judge(stack, report, {*allowed, *waiting})
    laptop = settings is not None and bool(settings.endpoint_url)
    return replace(
        verdict,
        costs=None if laptop else cost.estimate(report.resources, settings),
        not_asked=[] if account else [UNASKED.format(key) for key in before_up.named(source)],
    )


def judge(stack: str, report: Report, allowed: Collection[str]) -> Verdict:
    """A rule that could not run is no pass: it counts against the preview unless it is allowed."""
    unrun = report.of_level(COULD_NOT_RUN)
    return Verdict(
        stack=stack,
        report=report,
        violations=report.of_level(MANDATORY),
        unchecked=[r for r in unrun if r.rule not in allowed],
        tolerated=[r for r in unrun if r.rule in allowed],
        advice=[r for r in report.rules if r.level not in (MANDATORY, COULD_NOT_RUN)],
    )


def allowed_rules(path: Path) -> set[str]:
    """Rule ids of an allow-list: the first word of each line that is no comment."""
    if not path.is_file():
        return set()
    lines = path.read_text(encoding="utf-8").splitlines()
    return {line.split()[0] for line in lines if line.strip() and not line.startswith("#")}
