"""What a model must be before it may serve: its files, its graph, its limits, and the demo model.

Nothing here talks to AWS. `warmline models push` judges with it, and builds the manifest from what
it finds.
"""
