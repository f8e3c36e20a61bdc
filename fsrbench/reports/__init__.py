"""Reports of a finished run: tables, plots and picture grids. They read the run's files and never the engine."""
