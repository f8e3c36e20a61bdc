"""Baselines: one folder per method, with a thin adapter, the network beside it and a model card."""
