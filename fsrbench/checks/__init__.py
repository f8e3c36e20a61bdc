"""Checks for faulty pictures: small statistics of each, and from all of them findings about a method or the data."""
