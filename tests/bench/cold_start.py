"""Cold start (P12): from a new process to the first answer of a model that lies on the disk.

Each figure is the time over a bare interpreter that starts beside it, the median of nine rounds.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from contracts import registry as items
from contracts.env import PredictEnv
from contracts.protocol import TensorSpec
from contracts.registry import Tenant
from contracts.route import Route
from functions.predict.disk import Disk
from functions.shared.deadline import Deadline
from tests.bench.report import Figure, p50
from tests.unit.model_cache.cache_fakes import (
    FaultySource,
    SigningKey,
    keyring_text,
    make_manifest,
    make_record,
)
from tests.unit.model_cache.onnx_examples import layers

GOAL = "P12"
ROUNDS = 9
ROOT = Path(__file__).resolve().parents[2]
FORBIDDEN = ("aws_xray_sdk", "boto3", "botocore", "onnx", "pydantic")
"""What the path to a first answer may not import."""
FORBIDDEN_IN_ROUTER = (*FORBIDDEN, "numpy", "onnxruntime")
BARE = "import time; print(time.perf_counter())"
REQUEST_PATH = "from functions.predict import config, gateway, models, registry; "
"""What routes and loads, without the runtime and the codec that an inference needs besides."""
ROUTER = REQUEST_PATH + BARE
MODULES = REQUEST_PATH + "import sys; print(*sys.modules)"
LARGE = 8
"""Layers of the model of the figure: 34 MB."""


def run() -> list[Figure]:
    bare, router, answered = [], [], []
    cpu: dict[str, list[float]] = {"bare": [], "router": [], "answered": []}
    modules: set[str] = set()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, layer_count=LARGE)
        for _ in range(ROUNDS):
            with _cpu_ms(cpu["bare"]):
                bare.append(_elapsed(BARE))
            with _cpu_ms(cpu["router"]):
                router.append(_elapsed(ROUTER))
            with _cpu_ms(cpu["answered"]):
                started = time.perf_counter()
                report = first_answer(folder)
            answered.append((report["answered"] - started) * 1000)
            modules.update(report["modules"])
    found = [name for name in FORBIDDEN if name in modules]
    in_router = [name for name in FORBIDDEN_IN_ROUTER if name in router_modules()]
    floor = p50(bare)
    used = {name: p50(samples) - p50(cpu["bare"]) for name, samples in cpu.items()}
    return [
        Figure(
            goal=GOAL,
            what="import of the request path, over bare Python",
            value=p50(router) - floor,
            unit="ms",
            at_most=35,
            note=f"bare {floor:.0f} ms; of the processor {used['router']:.0f} ms",
        ),
        Figure(
            goal=GOAL,
            what="first answer of a 34 MB model on disk, over bare Python",
            value=p50(answered) - floor,
            unit="ms",
            at_most=160,
            note=f"of the processor {used['answered']:.0f} ms, its exit included",
        ),
        Figure(
            goal=GOAL,
            what="forbidden modules on the path to the first answer",
            value=len(found),
            unit="",
            at_most=0,
            note=" ".join(found or FORBIDDEN),
        ),
        Figure(
            goal=GOAL,
            what="forbidden modules in the request path",
            value=len(in_router),
            unit="",
            at_most=0,
            note=" ".join(in_router or FORBIDDEN_IN_ROUTER),
        ),
    ]


def prepare(folder: Path, *, layer_count: int) -> None:
    """What `cold_start_process` needs: a registered, signed, cached model and one request."""
    content = layers(count=layer_count)
    tensors = {"datatype": "FP32", "shape": (-1, 1_024)}
    manifest = make_manifest(
        {"model.onnx": content},
        memory_mb=100,
        inputs=(TensorSpec(name="x", **tensors),),
        outputs=(TensorSpec(name="y", **tensors),),
    )
    key = SigningKey("bench")
    source = FaultySource()
    source.add({"model.onnx": content})
    environ = {
        PredictEnv.SERVING_GROUP: manifest.serving_group,
        PredictEnv.REGISTRY_TABLE: "registry",
        PredictEnv.MODEL_BUCKET: "models",
        PredictEnv.KEYRING: keyring_text(key),
        PredictEnv.SHADOW_QUEUE_URL: "",
        PredictEnv.TENANT_CLAIM: "client_id",
        PredictEnv.ROUTE_TTL_SECONDS: "60",
        PredictEnv.MEMORY_CACHE_MB: "1024",
        PredictEnv.DISK_CACHE_MB: "256",
        PredictEnv.MAX_BODY_BYTES: "4000000",
        "AWS_REGION": "eu-west-1",
        "TMPDIR": str(folder),
    }
    disk = Disk.in_temporary_folder(environ, limit_bytes=256 * 2**20)
    disk.open(manifest, source, Deadline.after(60)).close()
    tensor = {"name": "x", "datatype": "FP32", "shape": [1, 1_024], "data": [0.5] * 1_024}
    claims = {"client_id": "client", "scope": "models/infer"}
    stored = [
        items.encode_tenant(Tenant(claim="client", name="bench", models=frozenset({"demo"}))),
        items.encode_route(Route(model="demo", revision=1, weights=((1, 10_000),))),
        items.encode_version(make_record(manifest, key)),
    ]
    event = {
        "rawPath": "/v2/models/demo/infer",
        "headers": {"content-type": "application/json"},
        "requestContext": {
            "http": {"method": "POST"},
            "requestId": "bench",
            "stage": "$default",
            "authorizer": {"jwt": {"claims": claims, "scopes": ["models/infer"]}},
        },
        "body": json.dumps({"inputs": [tensor]}),
        "isBase64Encoded": False,
    }
    for name, value in (("environ", environ), ("items", stored), ("event", event)):
        (folder / f"{name}.json").write_text(json.dumps(value))


def first_answer(folder: Path) -> dict[str, Any]:
    """The report of a new process; raises where it did not answer 200."""
    report = json.loads(_python(["-m", "tests.bench.cold_start_process", str(folder)]))
    if report["status"] != 200:
        raise RuntimeError(f"the function answered {report['status']}: {report['log']}")
    return report


def router_modules() -> set[str]:
    return {name.partition(".")[0] for name in _python(["-c", MODULES]).split()}


@contextmanager
def _cpu_ms(samples: list[float]) -> Iterator[None]:
    """Adds the processor time of the processes that end inside, which a busy machine changes less
    than the elapsed time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    yield
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    samples.append((after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000)


def _elapsed(code: str) -> float:
    started = time.perf_counter()
    # The monotonic clock of Linux is one for all processes.
    return (float(_python(["-c", code])) - started) * 1000


def _python(arguments: list[str]) -> str:
    process = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={"PATH": os.defpath, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return process.stdout
