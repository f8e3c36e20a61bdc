"""The engine: plan the units of a run, compute and store them, collect the results."""
