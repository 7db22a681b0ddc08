"""`python -m emulation.aws ADDRESS`: started by the engine, which gives its own address."""

import sys
from importlib.metadata import version

from emulation.aws.catalogue import TYPES
from emulation.aws.provider import EmulatedAws
from emulation.serving import EngineLog, serve_provider

VERSION = version("pulumi-aws")
"""Tests hold the tokens and properties of this provider to those of the installed release."""

if __name__ == "__main__":
    serve_provider(
        EmulatedAws(VERSION, TYPES, EngineLog(sys.argv[1]) if len(sys.argv) > 1 else None)
    )
