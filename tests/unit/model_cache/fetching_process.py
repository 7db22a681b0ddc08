"""One of several processes that share a cache folder; see test_disk_processes.py.

Arguments: cache folder, file with the content, seconds that the download takes. Locks between
processes do nothing here, as on some network file systems.
"""

import fcntl
import sys
from pathlib import Path

from functions.predict.disk import Disk
from functions.shared.deadline import Deadline
from tests.unit.model_cache.cache_fakes import FaultySource, make_manifest, read


def main(folder: str, content_file: str, seconds: str) -> None:
    fcntl.flock = fcntl.lockf = lambda *_args: None
    content = Path(content_file).read_bytes()
    source = FaultySource(bytes_per_second=len(content) / float(seconds))
    source.add({"model.onnx": content})
    cache = Disk(Path(folder), limit_bytes=10 * len(content))
    print("ready", flush=True)
    sys.stdin.readline()
    files = cache.open(make_manifest({"model.onnx": content}), source, Deadline.after(60))
    same = read(files) == content
    files.close()
    print("right" if same else "wrong", len(source.fetches), flush=True)


main(*sys.argv[1:])
