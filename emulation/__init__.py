"""The laptop cloud: the engine, the emulator's life cycle, and providers that stand in for AWS."""
