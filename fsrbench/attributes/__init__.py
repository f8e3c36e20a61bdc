"""``fsrbench table --classifier``: compare what an attribute classifier sees in a run's pictures with labels."""
