"""The emulator's life: start, recognise, stop.

It keeps all its state in memory, so each start begins empty: a snapshot would be complete only
after a clean stop. Whoever deployed to it compares `instance` to see that what was there is gone.
"""

import http.client
import json
import os
import secrets
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from emulation import emulator_venv, processes
from emulation.locking import LockTimeout, exclusive
from emulation.paths import write_whole

HOST = "127.0.0.1"
HEALTH = "/_ministack/health"
HEALTH_LIMIT_SECONDS = 60.0
"""A start takes about a second; the first one compiles the package's modules."""
ANSWER_LIMIT_SECONDS = 5.0
"""An emulator that is up but slower than this hangs, and is replaced."""
STOP_LIMIT_SECONDS = 10.0
LOCK_LIMIT_SECONDS = 900.0
"""Longer than a first start, environment included."""
POLL_SECONDS = 0.05
ATTEMPTS = 3
"""Starts on different ports, when other programs take them in between."""
LOG_LINES = 15
WARM_SECONDS = 900
"""How long an idle execution environment of a function is kept."""

Progress = Callable[[str], None]


class EmulatorError(Exception):
    """The emulator does not come up; the text has its last words and where the rest is."""


@dataclass(frozen=True, kw_only=True)
class Running:
    """An emulator that answers."""

    endpoint_url: str
    pid: int
    port: int
    instance: str
    """Another one after each start, hence whenever the emulator is empty again."""
    fresh: bool
    """Whether this call started it."""
    ca_bundle: Path | None = None
    """The certificate to trust; None = it speaks plain HTTP and lets everybody do everything."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """What the state file says of the emulator that was started last."""

    pid: int
    started: str
    """When its process was started; see `processes.started`."""
    port: int
    instance: str
    enforcing: bool = False
    """Whether it speaks TLS and asks IAM policies."""

    def alive(self) -> bool:
        return processes.started(self.pid) == self.started


class Condition(StrEnum):
    """How the emulator that was started last is doing."""

    NONE = "none"
    """None was started, or the last one was stopped as it should be."""
    ENDED = "ended"
    """Its process is gone, and nobody stopped it through this class."""
    HANGS = "hangs"
    ANSWERS = "answers"


_END = {
    Condition.ENDED: "was ended",
    Condition.HANGS: "does not answer any more",
    Condition.ANSWERS: "enforces IAM or not, and the other is asked for",
}


class Emulator:
    """The one emulator of a home folder."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "emulator"
        self.log = self.folder / "emulator.log"
        self._state = self.folder / "state.json"
        self._port = self.folder / "port"
        self._scratch = self.folder / "tmp"
        self._lock = self.folder / "lock"

    def running(self) -> Running | None:
        """The emulator if it is up and answers; never changes anything."""
        condition, record = self.look()
        if record is None or condition is not Condition.ANSWERS:
            return None
        return self._running(record, fresh=False)

    def look(self) -> tuple[Condition, Record | None]:
        """The condition, and the record unless there is none; never changes anything."""
        record = self._record()
        if record is None:
            return Condition.NONE, None
        if not record.alive():
            return Condition.ENDED, record
        hangs = not answers(record.port, ANSWER_LIMIT_SECONDS, self._ca_bundle(record))
        return (Condition.HANGS if hangs else Condition.ANSWERS), record

    def in_hands_of(self) -> str | None:
        """The process that starts or stops the emulator at this moment, if one does."""
        if not self.folder.is_dir():
            return None
        try:
            with exclusive(self._lock, lambda _seconds: None, limit_seconds=0):
                return None
        except LockTimeout as error:
            return error.holder

    def ensure(self, progress: Progress, *, enforcing: bool | None = None) -> Running:
        """The emulator, started if it does not answer.

        `enforcing`: over TLS, with the IAM policies of roles enforced; None = as it is, or was
        when it ended. One that runs the other way is replaced by an empty one.
        Raises `EmulatorError`, `EnvironmentFailure` and `LockTimeout`.
        """
        with self._exclusive(progress):
            condition, record = self.look()
            if enforcing is None:
                enforcing = record is not None and record.enforcing
            if record is not None:
                if condition is Condition.ANSWERS and record.enforcing == enforcing:
                    return self._running(record, fresh=False)
                progress(f"the emulator on port {record.port} {_END[condition]}; starting another")
                self._end(record)
            python = emulator_venv.ensure(progress)
            emulator_venv.require_imports(python)
            return self._start(python, progress, enforcing=enforcing)

    def stop(self) -> bool:
        """End the emulator and remove what its functions left; whether there was one to end."""
        if not self.folder.is_dir():
            return False
        with self._exclusive(lambda _text: None):
            record = self._record()
            if record is None:
                return False
            alive = record.alive()
            self._end(record)
            return alive

    def _exclusive(self, progress: Progress) -> AbstractContextManager[None]:
        return exclusive(
            self._lock,
            lambda seconds: progress(f"another command starts or stops it, {seconds:.0f} s"),
            limit_seconds=LOCK_LIMIT_SECONDS,
        )

    def _record(self) -> Record | None:
        try:
            return Record(**json.loads(self._state.read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            # Half a file, or one of another version, says as much as none.
            return None

    def _end(self, record: Record) -> None:
        # A process that only has the same id is somebody else's.
        if record.alive():
            processes.stop(record.pid, limit_seconds=STOP_LIMIT_SECONDS)
        self._state.unlink(missing_ok=True)
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _start(self, python: Path, progress: Progress, *, enforcing: bool) -> Running:
        port = self._preferred_port()
        attempts = 0
        while True:
            attempts += 1
            progress(f"starting on port {port}")
            record = self._spawn(python, port, enforcing=enforcing)
            cause = self._await(record)
            if cause is None:
                self._port.write_text(str(port), encoding="ascii")
                return self._running(record, fresh=True)
            self._end(record)
            if attempts == ATTEMPTS or "in use" not in self._tail():
                raise EmulatorError(f"the emulator {cause}; the end of {self.log}:\n{self._tail()}")
            port = free_port()

    def _preferred_port(self) -> int:
        """The last one if it is free: addresses that people copied stay right."""
        last = self.last_port()
        return last if last is not None and is_free(last) else free_port()

    def last_port(self) -> int | None:
        """Where an emulator of this home answered last."""
        try:
            return int(self._port.read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            return None

    def _spawn(self, python: Path, port: int, *, enforcing: bool) -> Record:
        shutil.rmtree(self._scratch, ignore_errors=True)
        for folder in (self.folder, self._scratch, self._scratch / "home"):
            folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                [python, "-u", "-P", Path(__file__).with_name("guard.py")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environ_for(self._scratch, port, enforcing=enforcing),
                cwd=self._scratch,
                start_new_session=True,
            )
        # Collected when it ends while this process lives, so that it is not taken for alive.
        threading.Thread(target=process.wait, daemon=True).start()
        record = Record(
            pid=process.pid,
            started=processes.started(process.pid) or "",
            port=port,
            instance=secrets.token_hex(8),
            enforcing=enforcing,
        )
        # Before it answers: a command that is ended now leaves no emulator without a record.
        write_whole(self._state, json.dumps(asdict(record)))
        return record

    def _await(self, record: Record) -> str | None:
        """None once it answers, else why it does not."""
        deadline = time.monotonic() + HEALTH_LIMIT_SECONDS
        while record.alive():
            # Alive afterwards too: until it has the port, somebody else may answer there.
            if answers(record.port, 1.0, self._ca_bundle(record)) and record.alive():
                return None
            if time.monotonic() > deadline:
                return f"does not answer on port {record.port} after {HEALTH_LIMIT_SECONDS:.0f} s"
            time.sleep(POLL_SECONDS)
        return "ended at once"

    def _ca_bundle(self, record: Record) -> Path | None:
        return certificate(self._scratch) if record.enforcing else None

    def _running(self, record: Record, *, fresh: bool) -> Running:
        scheme = "https" if record.enforcing else "http"
        return Running(
            endpoint_url=f"{scheme}://{HOST}:{record.port}",
            pid=record.pid,
            port=record.port,
            instance=record.instance,
            fresh=fresh,
            ca_bundle=self._ca_bundle(record),
        )

    def _tail(self) -> str:
        with self.log.open(encoding="utf-8", errors="replace") as file:
            return "".join(deque(file, maxlen=LOG_LINES)).rstrip()


def environ_for(scratch: Path, port: int, *, enforcing: bool) -> dict[str, str]:
    """The emulator's whole environment. Functions inherit it, so nothing of the user is in it."""
    # Over plain HTTP every bucket policy that asks for TLS would deny a role's calls.
    enforced = {"AUTH": "true", "USE_SSL": "1", "SSL_CERT_FILE": str(certificate(scratch))}
    return (enforced if enforcing else {}) | {
        "PATH": os.defpath,
        "HOME": str(scratch / "home"),
        "LANG": "C.UTF-8",
        # Functions unpack here and see it as their own temporary folder.
        "TMPDIR": str(scratch),
        "STATE_DIR": str(scratch / "state"),
        "S3_DATA_DIR": str(scratch / "s3"),
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        # Both would listen on every interface, whatever BIND_HOST says.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # No container of the user's is looked at, removed or started.
        "DOCKER_HOST": f"unix://{scratch / 'no-docker'}",
        "LAMBDA_WARM_TTL_SECONDS": str(WARM_SECONDS),
    }


def certificate(scratch: Path) -> Path:
    """What the emulator signs for itself when it starts and speaks TLS."""
    return scratch / "ministack-tls" / "server.crt"


def answers(port: int, limit_seconds: float, ca_bundle: Path | None = None) -> bool:
    """Whether a MiniStack answers on the port; over TLS where there is something to trust."""
    try:
        connection = _connection(port, limit_seconds, ca_bundle)
    except OSError:
        # The certificate is not written yet.
        return False
    try:
        connection.request("GET", HEALTH)
        response = connection.getresponse()
        return response.status == http.client.OK and "services" in json.loads(response.read())
    except (OSError, ValueError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _connection(
    port: int, limit_seconds: float, ca_bundle: Path | None
) -> http.client.HTTPConnection:
    if ca_bundle is None:
        return http.client.HTTPConnection(HOST, port, timeout=limit_seconds)
    context = ssl.create_default_context(cafile=ca_bundle)
    return http.client.HTTPSConnection(HOST, port, timeout=limit_seconds, context=context)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the emulator does: a connection that was just closed does not hold the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]
