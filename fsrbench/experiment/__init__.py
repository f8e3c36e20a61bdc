"""``fsrbench run --config``: the runs and tables of one YAML file."""
