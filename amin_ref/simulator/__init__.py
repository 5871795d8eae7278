"""Which schedule does a policy make of an instance? The simulated KV cache, round by round.

To read: ``cache`` (what the cache holds), ``chunked_cache`` (the same where a round computes a
limited number of tokens), then ``simulation`` (one round after the other).
"""
