"""The engine's plugin for programs and policy packs written in Python.

Used only beside an engine that was built here: an official installation brings its own. It speaks
the same protocol, with the options that this project needs: `virtualenv`, and no other toolchain
than pip's and uv's. What it does not know it refuses by name.

The engine starts it with its own address as the last argument, reads the port from the first line,
and ends it with SIGINT.
"""

import json
import os
import platform
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from typing import IO, Any

import grpc
from google.protobuf import empty_pb2
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.proto import language_pb2 as protocol
from pulumi.runtime.proto import language_pb2_grpc, plugin_pb2

from emulation.engine import build
from emulation.processes import end_group
from emulation.serving import Refused, serve

SHOWN_ALREADY = 32
"""Exit code of a program whose error the engine has already shown."""
CHUNK_BYTES = 65_536
KNOWN_OPTIONS = frozenset({"virtualenv", "toolchain"})
KNOWN_TOOLCHAINS = frozenset({"pip", "uv"})
LIST_PACKAGES = (
    "import importlib.metadata as m, json;"
    "print(json.dumps(sorted({(d.name, d.version) for d in m.distributions()})))"
)


def interpreter(root: str, options: Mapping[str, Any]) -> Path:
    """The Python of `options.virtualenv`, relative to `root`; without it, the one of this host.

    Raises `Refused` for an option this host does not know and for an environment that is not there.
    """
    unknown = sorted(set(options) - KNOWN_OPTIONS)
    toolchain = options.get("toolchain", "pip")
    if unknown or toolchain not in KNOWN_TOOLCHAINS:
        what = ", ".join(unknown) or f"toolchain: {toolchain}"
        raise Refused(
            f"runtime option {what} of {root} is not known to the Python host of an engine that "
            f"was built from Go modules; it knows {', '.join(sorted(KNOWN_OPTIONS))}. Remove the "
            "option, or install Pulumi, whose own host knows it"
        )
    chosen = options.get("virtualenv")
    if not chosen:
        return Path(sys.executable)
    python = Path(root, str(chosen), "bin", "python")
    if not python.exists():
        raise Refused(
            f"runtime option virtualenv of {root} is {chosen!r}, but {python} does not exist; "
            "run `make setup`"
        )
    return python


def activated(environ: Mapping[str, str], python: Path) -> dict[str, str]:
    """What a shell would have after it activated the environment of `python`."""
    kept = {name: value for name, value in environ.items() if name != "PYTHONHOME"}
    path = os.pathsep.join([str(python.parent), environ.get("PATH", os.defpath)])
    return kept | {"VIRTUAL_ENV": str(python.parent.parent), "PATH": path}


def program_command(request: protocol.RunRequest, engine: str, python: Path) -> list[str]:
    """The command line that runs one program."""
    arguments = {
        "--monitor": request.monitor_address,
        "--engine": engine,
        "--project": request.project,
        "--root_directory": request.info.root_directory,
        "--stack": request.stack,
        "--organization": request.organization,
        "--pwd": request.pwd,
        # Never empty: the script reads it as a number. 0 is no limit, as in the engine.
        "--parallel": str(request.parallel or 0),
        "--dry_run": "true" if request.dryRun else "false",
    }
    named = [part for name, value in arguments.items() if value for part in (name, value)]
    return [
        *(str(python), "-u", str(build.exec_script()), *named),
        *(request.info.entry_point or request.program or ".", *request.args),
    ]


def plugin_command(request: protocol.RunPluginRequest, python: Path) -> list[str]:
    """The command line that runs a policy pack, or a provider written in Python."""
    folder = request.info.program_directory
    if request.kind == "analyzer":
        # The SDK's policy runner takes the engine's address before the pack's folder.
        return [str(python), "-u", "-m", "pulumi.policy", *request.args, folder]
    return [str(python), "-u", folder, *request.args]


def outcome(code: int) -> protocol.RunResponse:
    """What the engine is told about a program that ended with `code`."""
    if code == 0:
        return protocol.RunResponse()
    if code == SHOWN_ALREADY:
        return protocol.RunResponse(bail=True)
    how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
    return protocol.RunResponse(error=f"the program {how}")


class Children:
    """The programs that run now; all of them end with the host."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[int] = set()
        self._closed = False

    @contextmanager
    def start(
        self, command: Sequence[str], context: grpc.ServicerContext, **options: Any
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Start a program; the end of the engine's call ends it, with everything it started."""
        with self._lock:
            if self._closed:
                raise Refused("the engine has cancelled the run")
            # A group of its own, so that what the program starts ends with it.
            child = subprocess.Popen[bytes](
                command, stdin=subprocess.DEVNULL, start_new_session=True, **options
            )
            self._running.add(child.pid)
        if not context.add_callback(lambda: self._end(child.pid)):
            # The call was over before it began.
            self._end(child.pid)
        try:
            with child:
                yield child
        finally:
            self._end(child.pid)

    def _end(self, pid: int) -> None:
        with self._lock:
            if pid in self._running:
                end_group(pid)
                self._running.discard(pid)

    def end_all(self) -> None:
        with self._lock:
            self._closed = True
            for pid in self._running:
                end_group(pid)
            self._running.clear()


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Answers the engine. Names of methods and fields are the protocol's."""

    def __init__(self, engine: str, children: Children) -> None:
        self._engine = engine
        self._children = children

    def Handshake(
        self, request: protocol.LanguageHandshakeRequest, context: grpc.ServicerContext
    ) -> protocol.LanguageHandshakeResponse:
        self._engine = request.engine_address or self._engine
        return protocol.LanguageHandshakeResponse()

    def GetPluginInfo(
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version="1.0.0")

    def GetRequiredPlugins(
        self, request: protocol.GetRequiredPluginsRequest, context: grpc.ServicerContext
    ) -> protocol.GetRequiredPluginsResponse:
        # None: the launchers on PATH are the providers here, and nothing is to be downloaded.
        return protocol.GetRequiredPluginsResponse()

    def GetRequiredPackages(
        self, request: protocol.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> protocol.GetRequiredPackagesResponse:
        return protocol.GetRequiredPackagesResponse()

    def Run(
        self, request: protocol.RunRequest, context: grpc.ServicerContext
    ) -> protocol.RunResponse:
        config = {
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        try:
            python = self._python(request.info)
            command = program_command(request, self._engine, python)
            environ = activated(os.environ, python) | config
            with self._children.start(
                command, context, cwd=request.pwd or None, env=environ
            ) as child:
                return outcome(child.wait())
        except (Refused, OSError) as error:
            return protocol.RunResponse(error=str(error))

    def RunPlugin(
        self, request: protocol.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[protocol.RunPluginResponse]:
        try:
            python = self._python(request.info)
            command = plugin_command(request, python)
            # The engine sends the plugin's whole environment.
            environ = dict(entry.split("=", 1) for entry in request.env if "=" in entry)
            with self._children.start(
                command,
                context,
                cwd=request.pwd or None,
                env=activated(environ or os.environ, python),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            ) as child:
                yield from _streamed(child)
        except (Refused, OSError) as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))

    def InstallDependencies(
        self, request: protocol.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[protocol.InstallDependenciesResponse]:
        try:
            python = self._python(request.info)
        except Refused as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
            return
        text = f"nothing to install: {python} is kept by `make setup`, with hashes\n"
        yield protocol.InstallDependenciesResponse(stdout=text.encode())

    def RuntimeOptionsPrompts(
        self, request: protocol.RuntimeOptionsRequest, context: grpc.ServicerContext
    ) -> protocol.RuntimeOptionsResponse:
        return protocol.RuntimeOptionsResponse()

    def Template(
        self, request: protocol.TemplateRequest, context: grpc.ServicerContext
    ) -> protocol.TemplateResponse:
        return protocol.TemplateResponse()

    def About(
        self, request: protocol.AboutRequest, context: grpc.ServicerContext
    ) -> protocol.AboutResponse:
        return protocol.AboutResponse(
            executable=str(self._python(request.info)), version=platform.python_version()
        )

    def GetProgramDependencies(
        self, request: protocol.GetProgramDependenciesRequest, context: grpc.ServicerContext
    ) -> protocol.GetProgramDependenciesResponse:
        try:
            command = [self._python(request.info), "-I", "-c", LIST_PACKAGES]
            listed = json.loads(subprocess.check_output(command, stdin=subprocess.DEVNULL))
        except (Refused, OSError, subprocess.CalledProcessError) as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        return protocol.GetProgramDependenciesResponse(
            dependencies=[
                protocol.DependencyInfo(name=name, version=version) for name, version in listed
            ]
        )

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        self._children.end_all()
        return empty_pb2.Empty()

    def _python(self, info: protocol.ProgramInfo) -> Path:
        return interpreter(info.root_directory, MessageToDict(info.options))


def _streamed(child: subprocess.Popen[bytes]) -> Iterator[protocol.RunPluginResponse]:
    """The child's two outputs as they come, then its exit code."""
    pieces: Queue[protocol.RunPluginResponse | None] = Queue()

    def read(stream: IO[bytes], message: Callable[[bytes], protocol.RunPluginResponse]) -> None:
        while piece := os.read(stream.fileno(), CHUNK_BYTES):
            pieces.put(message(piece))
        pieces.put(None)

    outputs = (
        (child.stdout, lambda piece: protocol.RunPluginResponse(stdout=piece)),
        (child.stderr, lambda piece: protocol.RunPluginResponse(stderr=piece)),
    )
    open_outputs = 0
    for stream, message in outputs:
        if stream is not None:
            threading.Thread(target=read, args=(stream, message), daemon=True).start()
            open_outputs += 1
    while open_outputs:
        piece = pieces.get()
        if piece is None:
            open_outputs -= 1
        else:
            yield piece
    yield protocol.RunPluginResponse(exitcode=child.wait())


def main(arguments: Sequence[str]) -> None:
    """Serve until the engine ends the host, or is gone itself."""
    children = Children()
    host = LanguageHost(arguments[-1] if arguments else "", children)
    serve(lambda server: language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server))
    children.end_all()


if __name__ == "__main__":
    main(sys.argv[1:])
