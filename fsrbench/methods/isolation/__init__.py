"""A method in a process of its own: the run's side and the method's."""
