"""Checks that no release of the stack was left open."""

from automation.doctor.finding import Finding, ok, problem
from automation.doctor.probes import Probes
from automation.release.open import way_out


def release(probes: Probes) -> Finding:
    found = probes.open_releases()
    waiting = [one for one in found if not one.holder]
    if not waiting:
        return ok("; ".join(map(str, found)) or "none is open")
    return problem(
        "; ".join(map(str, waiting)),
        needed="releases that have ended",
        why="until then two versions may be kept warm and paid for, and no alarm is watched",
        action=way_out(probes.stack),
    )
