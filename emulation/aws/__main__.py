"""`python -m emulation.aws ADDRESS`: started by the engine, which gives its own address."""

import sys

from emulation.aws.catalogue import TYPES
from emulation.aws.provider import EmulatedAws
from emulation.serving import EngineLog, serve_provider

VERSION = "7.51.1"
"""The release of pulumi-aws whose tokens and properties this provider follows."""

if __name__ == "__main__":
    serve_provider(
        EmulatedAws(VERSION, TYPES, EngineLog(sys.argv[1]) if len(sys.argv) > 1 else None)
    )
