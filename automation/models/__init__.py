"""Model versions and routes: what `warmline models` does."""
