"""A provider that makes the program's AWS resources in the emulator; docs/adr/0004 says why."""
