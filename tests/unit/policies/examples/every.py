"""All examples."""

from tests.unit.policies.examples import (
    api,
    code,
    conventions,
    encryption,
    exposure,
    identity,
    launch,
    network,
    resilience,
)
from tests.unit.policies.examples.shape import Example

EXAMPLES: tuple[Example, ...] = (
    *api.EXAMPLES,
    *code.EXAMPLES,
    *conventions.EXAMPLES,
    *encryption.EXAMPLES,
    *exposure.EXAMPLES,
    *identity.EXAMPLES,
    *launch.EXAMPLES,
    *network.EXAMPLES,
    *resilience.EXAMPLES,
)
