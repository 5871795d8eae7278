"""Which prices of cache prove the most, for thousands of requests?

To read: ``dual`` (what given prices prove, and how that changes with them), ``pausing`` (the same
where evicted requests keep their tokens), then ``ascent`` (finding good prices).
"""
