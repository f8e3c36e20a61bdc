"""Units of work on other processes and machines, through Dask."""
