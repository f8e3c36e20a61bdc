"""The engine: plan the units of a run, do them, keep what is done, put the results together."""
