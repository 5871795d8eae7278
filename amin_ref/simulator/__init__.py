"""Which schedule does a policy make of an instance? The simulated KV cache, round by round.

To read: ``cache`` (what the cache holds), then ``simulation`` (one round after the other).
"""
