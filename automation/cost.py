"""What the preview tells of a stack's standing cost."""

from collections.abc import Mapping

from capacity.standing import Cost, of_types


def estimate(types: Mapping[str, int]) -> list[Cost]:
    """Lines of a month's cost without traffic; `types` counts the resources of each type."""
    return [*of_types(types)]
