"""Experiment trackers: a finished run logged to MLflow, Weights & Biases or TensorBoard."""
