"""What the preview tells of a stack's standing cost."""

from collections.abc import Iterator, Mapping

from capacity.standing import Cost, NetworkSize, of_file_system, of_network, of_types
from settings import Network, Settings


def estimate(types: Mapping[str, int], settings: Settings | None) -> list[Cost]:
    """Lines of a month's cost without traffic; `types` counts the resources of each type.

    Without settings, which only the engine can read where values are encrypted, what is counted by
    type alone.
    """
    lines = [*of_types(types)]
    if settings is not None:
        lines += _network(settings.network)
        efs = settings.storage.efs
        if efs is not None and efs.stand_in is None:
            lines.append(of_file_system(efs.cache_mb))
    return lines


def _network(network: Network) -> Iterator[Cost]:
    """Nothing of a VPC that is there already: its owner pays."""
    if network.kind == "create":
        zones = network.zones or 0
        yield from of_network(
            NetworkSize(
                zones=zones,
                interface_endpoints=len(network.interface_endpoints),
                nat_gateways={"nat": 1, "nat_per_zone": zones}.get(network.egress, 0),
            )
        )
