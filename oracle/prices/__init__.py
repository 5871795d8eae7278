"""Which prices of cache prove the most, for thousands of requests?

To read: ``dual`` (what given prices prove, and how that changes with them), ``pausing`` (the same
where evicted requests keep their tokens), ``ascent`` (finding good prices); then ``choice``
(whether compiled code evaluates them), ``compiled_shares`` and ``compiled_pausing`` (how it does).
"""
