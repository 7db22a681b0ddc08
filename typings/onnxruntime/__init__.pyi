# What this repository uses of onnxruntime, which has no types; compared with 1.32.0.

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

import numpy as np

__version__: str

class GraphOptimizationLevel(Enum):
    ORT_DISABLE_ALL = 0

class RunOptions:
    log_severity_level: int
    terminate: bool
    def __init__(self) -> None: ...

class SessionOptions:
    enable_cpu_mem_arena: bool
    graph_optimization_level: GraphOptimizationLevel
    inter_op_num_threads: int
    intra_op_num_threads: int
    log_severity_level: int
    def __init__(self) -> None: ...
    def add_external_initializers_from_files_in_memory(
        self, names: Sequence[str], buffers: Sequence[bytes], lengths: Sequence[int], /
    ) -> None: ...
    def add_session_config_entry(self, key: str, value: str, /) -> None: ...
    def set_load_cancellation_flag(self, value: bool, /) -> None: ...

class NodeArg:
    @property
    def name(self) -> str: ...

class InferenceSession:
    _model_bytes: bytes | None
    def __init__(
        self,
        path_or_bytes: str | bytes,
        sess_options: SessionOptions | None = None,
        providers: Sequence[str] | None = None,
        *,
        enable_fallback: int = 1,
    ) -> None: ...
    def get_inputs(self) -> Sequence[NodeArg]: ...
    def get_outputs(self) -> Sequence[NodeArg]: ...
    def run(
        self,
        output_names: Sequence[str],
        input_feed: Mapping[str, np.ndarray],
        run_options: RunOptions | None = None,
    ) -> list[Any]: ...  # arrays, or lists and maps where outputs are not tensors
