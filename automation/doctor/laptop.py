"""Checks of what the local stack needs; they reach nothing but the loopback interface."""

from automation.doctor.finding import CannotAsk, Finding, ok, problem
from automation.doctor.probes import Probes
from emulation.emulator_venv import EnvironmentFailure
from emulation.ministack import ANSWER_LIMIT_SECONDS, HOST, Condition

LOST = "the emulator keeps everything in memory: what was deployed and pushed to it is gone"
UP = "warmline up (it starts another and deploys anew), then push your models again"


def environment(probes: Probes) -> Finding:
    try:
        python = probes.emulator_python()
    except EnvironmentFailure as failure:
        return problem(
            str(failure),
            needed="every package of requirements/emulator.txt",
            why="the emulator runs there, and so do the functions",
            action="delete .warmline/emulator-venv, then warmline up",
        )
    return ok("to be made by the next `up`, from its lock" if python is None else str(python))


def emulator(probes: Probes) -> Finding:
    facts = probes.emulator()
    match facts.condition:
        case Condition.NONE:
            return ok("not running; `up` starts it")
        case Condition.ANSWERS:
            return ok(f"answers on {HOST}:{facts.last_port} (process {facts.pid})")
        case Condition.ENDED:
            return problem(
                f"process {facts.pid} was ended, not by `down`",
                needed="an emulator that runs",
                why=LOST,
                action=UP,
            )
        case Condition.HANGS:
            return problem(
                f"process {facts.pid} does not answer within {ANSWER_LIMIT_SECONDS:.0f} s",
                needed="an emulator that answers",
                why="every command on the local stack waits for it in vain",
                action=UP,
            )


def port(probes: Probes) -> Finding:
    facts = probes.emulator()
    if facts.condition is Condition.HANGS:
        raise CannotAsk("the emulator that hangs holds it")
    if facts.last_port is None:
        return ok("none chosen yet; any free one will do")
    if facts.condition is Condition.ANSWERS:
        return ok(f"{facts.last_port}, held by the emulator")
    if facts.port_is_free:
        return ok(f"{facts.last_port}, free for the next start")
    return problem(
        f"{facts.last_port} is taken by another program",
        needed="the port of the last emulator, free",
        why="the next one takes another port, and addresses that people copied are then wrong",
        action="end that program before the next `up`, or copy the addresses anew after it",
    )


def instance(probes: Probes) -> Finding:
    deployed = probes.remembered_instance()
    if deployed is None:
        return ok("nothing is deployed")
    facts = probes.emulator()
    if facts.condition in (Condition.ENDED, Condition.HANGS):
        raise CannotAsk("the emulator does not answer")
    if facts.instance == deployed:
        return ok("the emulator that the stack was deployed to")
    return problem(
        f"the stack was deployed to emulator {deployed}; "
        f"the one here is {facts.instance or 'none'}",
        needed="the same emulator",
        why=LOST,
        action=UP,
    )
