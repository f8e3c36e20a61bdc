"""Baselines: one folder a method, with a thin adapter, the network beside it and a model card."""
