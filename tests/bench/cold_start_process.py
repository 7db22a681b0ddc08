"""One process of the cold-start benchmark: the inference function from import to first answer.

Argument: a folder with `event.json`, `items.json` (the registry) and `environ.json`, and the model
in the disk cache below it. Everything is real but the registry table, which is in memory: its
network is no part of the figure. Prints one line of JSON. It imports nothing but what the function
imports, because what is in `sys.modules` at the end is judged.
"""

import json
import sys
import time
from pathlib import Path


def main(folder: Path) -> None:
    from functions.predict import gateway, wiring
    from functions.predict.config import Config
    from functions.predict.registry import CachedRegistry
    from functions.shared.deadline import Deadline

    environ = json.loads((folder / "environ.json").read_text())
    stored = json.loads((folder / "items.json").read_text())
    event = json.loads((folder / "event.json").read_text())
    table = {(item["pk"]["S"], item["sk"]["S"]): item for item in stored}

    class Table:
        def get(self, key: dict, deadline: Deadline) -> dict | None:
            return table.get((key["pk"]["S"], key["sk"]["S"]))

    lines: list[str] = []
    ports = wiring.connect(Config.from_environ(environ), environ)
    object.__setattr__(ports, "registry", CachedRegistry(Table(), ttl_seconds=60))
    object.__setattr__(ports, "write", lines.append)
    answer = gateway.handle(event, Deadline.after(30), ports)
    answered = time.perf_counter()
    report = {
        "answered": answered,
        "status": answer["statusCode"],
        "modules": sorted({name.partition(".")[0] for name in sys.modules}),
        "log": [json.loads(line) for line in lines],
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
