"""Compute units in other processes and on other machines, through Dask."""
