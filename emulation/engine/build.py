"""Builds the engine from Go modules, once per version of them.

`go.mod` and `go.sum` beside this file name every module with its hash; nothing else is trusted.
"""

import hashlib
import os
import platform
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from emulation import launchers, processes
from emulation.engine.found import Engine, Unusable, require_supported, version_of
from emulation.locking import LockTimeout, exclusive
from emulation.paths import cache

SOURCE = Path(__file__).resolve().parent
SDK = "github.com/pulumi/pulumi/sdk/v3"
CLI = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
VERSION_SYMBOL = f"{SDK}/go/common/version.Version"
EXEC_SCRIPT = "pulumi-language-python-exec"
"""Runs one Python program for the language host; the SDK's module carries it."""

MINIMUM_GO = (1, 25)
"""An older one is too far from the version in go.mod to be worth trying."""
LIMIT_SECONDS = 1_800
SPACE_GB = 4
"""Downloaded modules and compiled packages take 3.4 GB until the build is done."""

GO_KEPT = frozenset(
    {
        # How Go reaches a module proxy.
        *("GOPROXY", "GOSUMDB", "GOPRIVATE", "GONOPROXY", "GONOSUMDB", "GOINSECURE", "GOAUTH"),
        # Caches that somebody chose on purpose.
        *("GOENV", "GOMODCACHE", "GOCACHE"),
    }
)

Progress = Callable[[str], None]


def key() -> str:
    """Names what would be built: the modules with their hashes, and this kind of machine."""
    digest = hashlib.sha256()
    for name in ("go.mod", "go.sum"):
        digest.update((SOURCE / name).read_bytes())
    digest.update(f"{platform.system()}/{platform.machine()}".lower().encode())
    return digest.hexdigest()[:16]


def folder() -> Path:
    """Holds `pulumi` and the script that runs Python programs for it."""
    return cache() / "engine" / key()


def exec_script() -> Path:
    return folder() / EXEC_SCRIPT


def release(go_mod: str) -> str:
    """The engine's version as `go.mod` pins it, such as `v3.274.1`."""
    found = re.search(r"^\s*github\.com/pulumi/pulumi/pkg/v3 (v\S+)", go_mod, re.MULTILINE)
    if found is None:
        raise Unusable(f"{SOURCE / 'go.mod'} does not require github.com/pulumi/pulumi/pkg/v3")
    return found[1]


def cached() -> Engine | None:
    """An earlier build, if it still works."""
    try:
        return _in_clone(_engine(folder()))
    except Unusable:
        return None


def make(progress: Progress) -> Engine:
    """Build the engine into the cache. Raises `Unusable` with the cause."""
    go = usable_go()
    target = folder()
    lock = target.with_name(f"{target.name}.lock")
    try:
        with exclusive(
            lock,
            lambda seconds: progress(f"another process is building the engine, {seconds:.0f} s"),
            limit_seconds=LIMIT_SECONDS,
        ):
            engine = cached()
            return engine if engine is not None else _build(go, target, progress)
    except LockTimeout as error:
        raise Unusable(str(error)) from error


def _build(go: Path, target: Path, progress: Progress) -> Engine:
    version = release((SOURCE / "go.mod").read_text(encoding="utf-8"))
    _require_space(target.parent)
    # Kept when a build fails, so that the next one goes on from what was downloaded and compiled.
    work = target.parent / "go"
    environ = go_environ(os.environ, work)
    progress(f"building Pulumi {version} with {go}: a few minutes, once")
    packages = _list_packages(go, environ, progress)
    prefix = f".build-{target.name}-"
    for left_by_a_killed_build in target.parent.glob(f"{prefix}*"):
        shutil.rmtree(left_by_a_killed_build, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=prefix) as name:
        staging = Path(name) / "engine"
        staging.mkdir()
        counted = Packages()
        _run(
            [
                *(go, "build", "-v", "-o", staging / "pulumi"),
                *("-ldflags", f"-s -w -X {VERSION_SYMBOL}={version}", CLI),
            ],
            environ,
            counted.line,
            lambda seconds: progress(f"compiled {counted} of {packages} packages, {seconds:.0f} s"),
        )
        sdk = Path(_ask(go, environ, "list", "-m", "-f", "{{.Dir}}", SDK))
        shutil.copyfile(sdk / "python" / "cmd" / EXEC_SCRIPT, staging / EXEC_SCRIPT)
        _engine(staging)
        shutil.rmtree(target, ignore_errors=True)
        staging.rename(target)
    progress("removing what only the build needed")
    _remove(work)
    return _in_clone(_engine(target))


def go_environ(environ: Mapping[str, str], work: Path) -> dict[str, str]:
    """The build's environment: no setting for another build or another machine gets into it."""
    kept = {
        name: value
        for name, value in environ.items()
        if name in GO_KEPT or not name.startswith(("GO", "CGO_"))
    }
    own = {
        "GOFLAGS": "-mod=readonly -modcacherw",
        "GOWORK": "off",
        # Go fetches the version that go.mod asks for where the installed one is older.
        "GOTOOLCHAIN": "auto",
        "GOPATH": str(work),
    }
    return {"GOCACHE": str(work / "build")} | kept | own


class Packages:
    """Counts the lines that name a package; what else Go prints has spaces in it."""

    def __init__(self) -> None:
        self.count = 0

    def line(self, text: str) -> None:
        self.count += bool(text) and " " not in text

    def __str__(self) -> str:
        return str(self.count)


def usable_go() -> Path:
    """The `go` on PATH. Raises `Unusable` where it is missing or too old."""
    found = shutil.which("go")
    if found is None:
        raise Unusable("`go` is not on PATH")
    try:
        # Outside of any module: inside one, Go answers for the version that the module asks for.
        text = _ask(Path(found), dict(os.environ) | {"GOTOOLCHAIN": "local"}, "env", "GOVERSION")
    except OSError as error:
        raise Unusable(f"{found} cannot be run: {error}") from error
    version = go_version(text)
    if version is not None and version < MINIMUM_GO:
        wanted = ".".join(map(str, MINIMUM_GO))
        raise Unusable(f"{found} is {text}; the build needs Go {wanted} or newer")
    return Path(found)


def go_version(text: str) -> tuple[int, int] | None:
    """(1, 25) of `go1.25.3`; None for a development version, which says no number."""
    found = re.match(r"go(\d+)\.(\d+)", text)
    return None if found is None else (int(found[1]), int(found[2]))


def _require_space(parent: Path) -> None:
    free = shutil.disk_usage(parent).free / 1e9
    if free < SPACE_GB:
        raise Unusable(
            f"{parent} has {free:.1f} GB free; the build needs {SPACE_GB} GB for a while"
        )


def _list_packages(go: Path, environ: Mapping[str, str], progress: Progress) -> int:
    """How many packages the build compiles; downloads every module on the way."""
    listed = Packages()
    _run(
        [go, "list", "-deps", CLI],
        environ,
        listed.line,
        lambda seconds: progress(f"downloading Go modules, {seconds:.0f} s"),
    )
    return listed.count


def _run(
    command: list[str | Path],
    environ: Mapping[str, str],
    on_line: Callable[[str], None],
    on_second: Callable[[float], None],
) -> None:
    try:
        ended = processes.run(
            command,
            environ=environ,
            folder=SOURCE,
            limit_seconds=LIMIT_SECONDS,
            on_line=on_line,
            on_second=on_second,
        )
    except processes.TooSlow as error:
        raise Unusable(str(error)) from error
    if ended.code != 0:
        said = [line for line in ended.tail.splitlines() if " " in line][-3:]
        raise Unusable(f"`go {command[1]}` ended with code {ended.code}: {' | '.join(said)}")


def _ask(go: Path, environ: Mapping[str, str], *arguments: str) -> str:
    in_module = arguments[0] != "env"
    answer = subprocess.run(
        [go, *arguments],
        capture_output=True,
        text=True,
        cwd=SOURCE if in_module else Path("/"),
        env=dict(environ),
        timeout=60,
        check=False,
    )
    if answer.returncode != 0:
        raise Unusable(f"`{go} {' '.join(arguments)}`: {answer.stderr.strip()[-300:]}")
    return answer.stdout.strip()


def _engine(where: Path) -> Engine:
    version = version_of(where / "pulumi")
    require_supported(where / "pulumi", version)
    if not (where / EXEC_SCRIPT).is_file():
        raise Unusable(f"{where} holds no {EXEC_SCRIPT}")
    return Engine(
        command=where / "pulumi",
        version=version,
        origin="build",
        path_entries=(launchers.ENGINE,),
    )


def _remove(folder: Path) -> None:
    """Go makes some folders read-only, and then nothing in them can be removed."""
    for inside, _folders, _files in os.walk(folder):
        Path(inside).chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


def _in_clone(engine: Engine) -> Engine:
    """The same engine beside this clone's language host: it warns of one that lies elsewhere."""
    launchers.write()
    here = launchers.ENGINE / "pulumi"
    if not here.is_file() or _stamp(here) != _stamp(engine.command):
        # A name of its own: two commands may link at once.
        neighbour = launchers.ENGINE / f".pulumi.{secrets.token_hex(4)}"
        try:
            neighbour.hardlink_to(engine.command)
        except OSError:
            # The cache lies on another file system.
            shutil.copy2(engine.command, neighbour)
        neighbour.replace(here)
    return replace(engine, command=here)


def _stamp(path: Path) -> tuple[int, int]:
    seen = path.stat()
    return seen.st_size, seen.st_mtime_ns
