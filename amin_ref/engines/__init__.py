"""How does Amin schedule inside a serving engine, and how is what the engine does recorded?

To read: ``planning`` (the blocks that running requests will hold, and Amin's order of waiting),
``recording`` (what an engine does, as the lines of a log), ``versions`` (which versions of an
engine are known), ``vllm_interface`` (what is used of vLLM, typed), ``vllm`` (the schedulers for
vLLM's ``--scheduler-cls``), ``transformers_interface`` and ``transformers`` (the same for
continuous batching).

Importing this package needs no engine; importing ``amin_ref.engines.vllm`` needs vLLM.
"""
