"""Writes the URN snapshots anew: `python -m tests.graph.snapshot`. Read the diff first."""

from pathlib import Path

from tests.graph.programs import STACKS, graph_of

if __name__ == "__main__":
    for stack in STACKS:
        path = Path(__file__).parent / "urns" / f"{stack}.txt"
        path.write_text("".join(f"{urn}\n" for urn in graph_of(stack).urns()))
