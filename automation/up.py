"""`warmline up`: from nothing to a served model, stage by stage; running it again repairs."""

import os
import sys
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from automation import deployment, issuer, local, outputs
from automation.images import before_up
from automation.outputs import Outputs
from automation.stages import Stage, Stages
from automation.workspace import (
    LOCAL,
    NAMESPACE,
    Reach,
    check_settings,
    open_stack,
    passphrase_file,
    read_stack_file,
)
from components import packaging
from emulation import engine as engines
from emulation import launchers
from emulation.ministack import Emulator, Running
from emulation.paths import ROOT, home

SAMPLES = ("README.md", "Makefile", "__main__.py")
"""Files of the clone that the first prediction is asked about."""


@dataclass
class Summary:
    """What `up` did and how to use it; printed as JSON on request."""

    stack: str
    unchanged: bool = False
    changes: dict[str, int] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    ca_bundle: str | None = None
    """What the emulator's certificate is checked with, where it enforces IAM over TLS."""
    predictions: list[dict[str, Any]] = field(default_factory=list)
    stages: list[dict[str, Any]] = field(default_factory=list)


def up(stack: str, console: Console, *, enforce_iam: bool | None = None) -> Summary:
    """`enforce_iam`: whether the emulator asks IAM policies, over TLS; None = as it did.

    Raises `StageFailure`; what earlier stages made stays, and the next run goes on from it."""
    stages = Stages(console)
    summary = Summary(stack=stack)
    with deployment.one_at_a_time():
        with stages.stage("environment") as stage:
            stage.result = prepare(stack)
        with stages.stage("engine") as stage:
            engine = engines.ensure(stage)
            stage.result = f"Pulumi {engine.version}"
        running = None
        if stack == LOCAL:
            with stages.stage("emulator") as stage:
                running = Emulator(home()).ensure(stage, enforcing=enforce_iam)
                stage.result = f"{running.endpoint_url}, {history(running)}"
        before_up.judge(stack, read_stack_file(stack), stages)
        with stages.stage("build") as stage:
            stage.result = build(stack, stage)
        with stages.stage("deploy") as stage:
            if running is None:
                report = deployment.deploy(open_stack(stack, engine, Reach.ACCOUNT), stage)
            else:
                report = local.deploy(engine, running, stage)
            stage.result = report.summary()
        summary.unchanged, summary.changes = report.unchanged, dict(report.changes)
        result = outputs.read(stack)
        summary.outputs = dict(result.values)
        if running is not None:
            if running.ca_bundle is not None:
                summary.ca_bundle = str(running.ca_bundle)
            serve(result, summary, stages)
    summary.stages = [
        {"name": s.name, "seconds": round(s.seconds, 1), "result": s.result}
        for s in stages.finished
    ]
    return summary


def history(running: Running) -> str:
    """Whether the emulator still has what it had: it keeps everything in memory."""
    before = outputs.remembered(LOCAL)
    if before is not None and before != running.instance:
        return "new and empty: the one before ended, and models pushed to it are gone"
    return "new" if running.fresh else "running"


def prepare(stack: str) -> str:
    """Check what everything else stands on, and write the launchers."""
    source = read_stack_file(stack)
    check_settings(stack, source)
    compared = issuer.compare(source["config"][f"{NAMESPACE}:identity"], stack)
    launchers.write()
    passphrase_file()
    version = ".".join(map(str, sys.version_info[:3]))
    return ", ".join(filter(None, [f"Python {version}", f"{os.cpu_count()} cores", compared]))


def build(stack: str, stage: Stage) -> str:
    """Build the archives that the program asks for, which then finds them built."""
    target = read_stack_file(stack)["config"][f"{NAMESPACE}:functions"]
    names = sorted(path.parent.name for path in ROOT.glob("functions/*/handler.py"))
    built = []
    for name in names:
        stage(f"archive of {name}")
        package = packaging.build(
            name, python_version=target["python_version"], architecture=target["architecture"]
        )
        built.append(f"{name} {package.sha256[:8]}")
    return ", ".join(built)


def serve(result: Outputs, summary: Summary, stages: Stages) -> None:
    """Register the demo model where it is missing, and ask it about files of the clone."""
    from automation.models import demo  # imports onnx, which only this stage needs

    with stages.stage("model") as stage:
        stage.result = demo.ensure(result, stage)
    with stages.stage("prediction") as stage:
        paths = [ROOT / name for name in SAMPLES]
        found = demo.classify(result, paths)
        summary.predictions = [
            one | {"file": name} for one, name in zip(found, SAMPLES, strict=True)
        ]
        stage.result = ", ".join(f"{p['file']} is {p['label']}" for p in summary.predictions)
