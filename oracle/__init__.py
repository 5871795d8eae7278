"""The hindsight optimum, and certificates of how good it can be."""
