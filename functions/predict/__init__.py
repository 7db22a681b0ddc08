"""The inference function of a serving group."""
