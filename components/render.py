"""From late values to JSON text. The builders of documents see plain strings only."""

import json
from collections.abc import Callable
from typing import Any

import pulumi


def rendered(
    build: Callable[..., dict[str, Any]], **inputs: pulumi.Input[Any]
) -> pulumi.Output[str]:
    """JSON of `build(**inputs)`, once every input is known; sorted, so equal means equal text."""
    return pulumi.Output.all(**inputs).apply(
        lambda known: json.dumps(build(**known), sort_keys=True)
    )
