"""Plots of a run, one file for each kind."""
