"""A model and its training steps, on several devices and in batches of one size."""
