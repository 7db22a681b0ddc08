"""One of several processes that share a cache folder; see test_disk_processes.py.

Arguments: folder of this host's cache, file with the content, seconds that the download takes, and
for a shared file system its folder and whether locks work there. Without one, locks between
processes do nothing, as on some network file systems.
"""

import fcntl
import sys
from pathlib import Path

from functions.predict.disk import Disk
from functions.predict.efs import SharedFolder
from functions.shared.deadline import Deadline
from tests.unit.model_cache.cache_fakes import FaultySource, make_manifest, read


def main(
    folder: str, content_file: str, seconds: str, mounted: str = "", locks: str = "none"
) -> None:
    if locks == "none":
        fcntl.flock = fcntl.lockf = lambda *_args: None
    content = Path(content_file).read_bytes()
    store = FaultySource(bytes_per_second=len(content) / float(seconds))
    store.add({"model.onnx": content})
    limit = 10 * len(content)
    source = SharedFolder.below(mounted, limit_bytes=limit, behind=store) if mounted else store
    cache = Disk(Path(folder), limit_bytes=limit)
    print("ready", flush=True)
    sys.stdin.readline()
    files = cache.open(make_manifest({"model.onnx": content}), source, Deadline.after(60))
    same = read(files) == content
    files.close()
    print("right" if same else "wrong", len(store.fetches), flush=True)


main(*sys.argv[1:])
