"""What is the exact optimum of an instance of up to 62 requests?

To read: ``problem``, ``states``, ``bounds`` and ``relaxation``, ``walk``, ``branch_and_bound``.
"""
