"""Writes the estimates in docs/costs.md anew: `python -m tests.graph.costs`."""

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from automation.cost import Estimate, estimate, text
from components.packaging import ROOT
from tests.graph.programs import changed, graph_of
from tests.unit.settings.stack_files import load

PAGE = ROOT / "docs" / "costs.md"
SHOWN = ("dev", "prod")
_BLOCK = re.compile(r"(    warmline preview --stack (\w+)\n\n```text\n).*?(```\n)", re.DOTALL)


def resources_of(graph: str) -> dict[str, list[Mapping[str, Any]]]:
    """As the engine tells them in a preview: type -> inputs."""
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for resource in graph_of(graph).resources:
        if resource.custom:
            found[resource.type].append(resource.inputs)
    return found


def estimate_of(stack: str) -> Estimate:
    return estimate(resources_of(stack), load(changed(stack, {}), stack))


def page(now: str) -> str:
    """The page with the estimates of today."""
    return _BLOCK.sub(
        lambda block: (
            block[1] + "".join(f"{line}\n" for line in text(estimate_of(block[2]))) + block[3]
        ),
        now,
    )


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
