"""What happens when a policy meets an instance? The simulated KV cache, round by round.

To read: ``cache`` (what the cache holds), then ``simulation`` (one round after the other).
"""
