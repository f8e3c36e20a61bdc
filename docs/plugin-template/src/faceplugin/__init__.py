"""A method, a metric and a dataset for fsrbench."""
