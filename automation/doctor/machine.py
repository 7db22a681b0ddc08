"""Checks of what every stack needs on this machine."""

from automation.doctor.finding import CannotAsk, Finding, not_asked, ok, problem
from automation.doctor.probes import Probes, Space
from automation.errors import Failure
from emulation.engine.build import SPACE_GB
from emulation.engine.found import HOST, MINIMUM
from emulation.paths import HOME_VARIABLE

MINIMUM_PYTHON = (3, 11)
HOME_GB = 1
"""State, logs and what functions unpack, some 150 MB for each version that runs."""


def python(probes: Probes) -> Finding:
    version = probes.python()
    found, needed = (".".join(map(str, numbers)) for numbers in (version, MINIMUM_PYTHON))
    if version >= MINIMUM_PYTHON:
        return ok(found)
    return problem(
        found,
        needed=f"{needed} or newer",
        why="the code and its locked packages are made for that",
        action=f"make clean, then make PYTHON=python{needed} setup",
    )


def engine(probes: Probes) -> Finding:
    facts = probes.engine()
    aside = f"; pulumi on PATH passed over: {facts.passed_over}" if facts.passed_over else ""
    if facts.engine is not None:
        origin = {"path": "from PATH", "download": "downloaded", "build": "built here"}
        return ok(f"Pulumi {facts.engine.version}, {origin[facts.engine.origin]}{aside}")
    if facts.go is not None:
        return ok(f"none yet; the first `up` builds one with {facts.go}, in minutes{aside}")
    return problem(
        f"none{aside}",
        needed=f"Pulumi {MINIMUM} or newer, or a Go that can build it",
        why="the engine makes and changes every stack; without both, only Pulumi's own download "
        "is left, which is not asked here",
        action=f"install Pulumi {MINIMUM} or newer so that `pulumi` is on PATH, or install Go, or "
        "run `warmline up` where get.pulumi.com can be reached",
    )


def language_host(probes: Probes) -> Finding:
    facts = probes.engine()
    if facts.engine is None:
        raise CannotAsk("there is no engine yet, and its host comes with it")
    if facts.host is not None:
        return ok(str(facts.host))
    return problem(
        f"no {HOST} for {facts.engine.command}",
        needed=f"an executable {HOST} beside the engine or on PATH",
        why="the engine starts it to run the Python program and the policy pack",
        action="install Pulumi anew, as a whole"
        if facts.engine.origin == "path"
        else "delete the folder of the engine, then warmline up",
    )


def cache_space(probes: Probes) -> Finding:
    if probes.engine().engine is not None:
        space = probes.cache_space()
        return ok(f"{space.free_gb:.1f} GB free in {space.folder}; the engine is there already")
    return _room(
        probes.cache_space(),
        SPACE_GB,
        why="building the engine takes that for a while",
        variable="XDG_CACHE_HOME",
    )


def home_space(probes: Probes) -> Finding:
    return _room(
        probes.home_space(),
        HOME_GB,
        why="state, logs and unpacked functions go there, and a full disk cuts them off",
        variable=HOME_VARIABLE,
    )


def _room(space: Space, needed_gb: float, *, why: str, variable: str) -> Finding:
    found = f"{space.free_gb:.1f} GB free in {space.folder}"
    if space.free_gb >= needed_gb:
        return ok(found)
    return problem(
        found,
        needed=f"{needed_gb} GB",
        why=why,
        action=f"make room there, or let {variable} name a folder on another disk",
    )


def home(probes: Probes) -> Finding:
    try:
        return ok(str(probes.use_home()))
    except OSError as error:
        return problem(
            str(error),
            needed="a folder that you may write to, on a file system with hard links",
            why="every command keeps its lock, state and passphrase there",
            action=f"mend it, or let {HOME_VARIABLE} name another folder",
        )


def stack_file(probes: Probes) -> Finding:
    try:
        if probes.judge():
            return ok(f"Pulumi.{probes.stack}.yaml, every key judged")
    except Failure as failure:
        return problem(
            failure.cause,
            needed="every section and key, with values that go together",
            why="the program refuses it otherwise",
            action=failure.way_out,
        )
    return not_asked("it has encrypted values, which only the engine can read; it judges them")
