"""Where can a request start, and what does a set of start rounds cost?

To read: ``free_capacity`` (what is left of the cache in each round).
"""
