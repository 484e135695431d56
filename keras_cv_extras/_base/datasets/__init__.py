"""Datasets: how their functions are made, and facts beside their batches."""
