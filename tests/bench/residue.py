"""What remains of a request in the raw memory of the process that answered it.

Nothing of it is reachable afterwards, which the unit tests check. But Python cannot overwrite text
and bytes objects, and the memory that it frees keeps its old contents until it is used again. A
process answers requests here, and its memory is then searched from outside for what they held: a
tensor's values, the same as the event had them (text or base64), and the request's id.
"""

import base64
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench.report import Figure
from tests.bench.residue_process import WIDTH, event
from tests.tiny_models import linear, save

ROOT = Path(__file__).resolve().parents[2]
CHUNK = 1 << 20
_MAPPING = re.compile(r"([0-9a-f]+)-([0-9a-f]+) rw")


def occurrences(pid: int, needle: bytes) -> int:
    """How often the bytes occur in the writable memory of a process of ours."""
    found = 0
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            if match := _MAPPING.match(line):
                found += _count(memory, int(match[1], 16), int(match[2], 16), needle)
    return found


def _count(memory: Any, start: int, end: int, needle: bytes) -> int:
    found, tail = 0, b""
    while start < end:
        try:
            memory.seek(start)
            piece = memory.read(min(CHUNK, end - start))
        except (OSError, OverflowError, ValueError):
            return found  # a mapping of the kernel's own
        if not piece:
            return found
        start += len(piece)
        found += (tail + piece).count(needle)
        tail = piece[-(len(needle) - 1) :]
    return found


class Server:
    """A process with a real model that answers one event per line."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self.pid = process.pid

    def ask(self, asked: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked).encode() + b"\n")
        self._process.stdin.flush()
        status = self._process.stdout.readline().strip()
        assert status == b"200", status


@contextmanager
def server() -> Iterator[Server]:
    with tempfile.TemporaryDirectory() as name:
        model = save(linear(1, width=WIDTH), Path(name) / "model.onnx")
        command = [sys.executable, "-m", "tests.bench.residue_process", str(model)]
        with subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            try:
                yield Server(process)
            finally:
                assert process.stdin is not None
                process.stdin.close()
                process.wait(10)


def run() -> list[Figure]:
    figures: list[Figure] = []
    for binary in (False, True):
        kind = "binary" if binary else "JSON"
        random = np.random.default_rng(os.getpid())
        values = random.standard_normal((1, WIDTH)).astype(np.float32)
        name = f"id-{random.bytes(12).hex()}"
        asked = event(values, binary=binary, request_id=name)
        needles = {
            "values": values.tobytes()[400:432],
            "request id": name.encode(),
        }
        if binary:
            # Away from the edges, so that the text is the same whatever stands before it.
            text: str = asked["body"]
            whole = base64.b64decode(text)
            at = whole.index(values.tobytes()) + 400
            needles["values as base64"] = text[at // 3 * 4 : at // 3 * 4 + 40].encode()
        else:
            needles["values as text"] = json.dumps(values.ravel().tolist()[40:42])[1:-1].encode()
        with server() as process:
            process.ask(event(np.zeros((1, WIDTH), np.float32), binary=binary, request_id="warm"))
            for _ in range(10):
                process.ask(asked)
            after = {what: occurrences(process.pid, needle) for what, needle in needles.items()}
            for _ in range(10):
                other = random.standard_normal((1, WIDTH)).astype(np.float32)
                process.ask(event(other, binary=binary, request_id="other"))
            later = {what: occurrences(process.pid, needle) for what, needle in needles.items()}
        figures += [
            Figure(
                goal="",
                what=f"copies of the {what} after 10 {kind} answers",
                value=after[what],
                unit="",
                note=f"{later[what]} after 10 other requests",
            )
            for what in needles
        ]
    return figures
