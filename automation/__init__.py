"""The `warmline` command, and the Automation API scripts behind it."""
