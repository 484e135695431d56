"""Whole pipelines of other libraries, with what a policy cannot do: sizes, scales and mixes."""
