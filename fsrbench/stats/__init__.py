"""Statistics: intervals, paired tests, their corrections, and the jackknife of set metrics."""
