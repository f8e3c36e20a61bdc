"""The pictures that a run keeps, and the grid that is drawn from them."""
