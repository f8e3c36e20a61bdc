"""``fsrbench table --classifier``: what an attribute classifier sees in a run's pictures, held against labels."""
