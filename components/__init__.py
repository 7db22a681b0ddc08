"""ComponentResources: one file each, wiring AWS from plain arguments."""
