"""What a running stack needs after its first day: drift, garbage, backups and restores."""
