"""Tables: laid out and built once, then written by one file for each format."""
