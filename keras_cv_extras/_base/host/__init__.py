"""Computations with NumPy alone, without TensorFlow and Keras."""
