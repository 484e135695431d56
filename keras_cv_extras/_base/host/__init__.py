"""What is computed with NumPy alone, where TensorFlow and Keras need not be."""
