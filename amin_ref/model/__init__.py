"""What is a request, an instance, a schedule? The values, validated when built.

To read: ``request``, ``machine`` (the rules by which requests run), ``instance``, ``schedule``;
then ``columns`` (requests and runs where they are many), ``ending`` (what a log may lack),
``rounds`` (what a run computes and holds), ``blocks`` (how tokens fill blocks), ``validation`` and
``errors`` (which values are refused, and with which message), ``json_reading`` (the JSON form) and
``short_form`` (the ``repr`` of large values).
"""
