"""The CrossGuard pack: rules are pure functions of a resource's inputs (docs/adr/0007)."""
