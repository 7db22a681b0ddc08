"""What a stack costs and how much of it is needed."""
