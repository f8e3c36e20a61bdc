"""Bad files, methods and sources of every kind, and what the tests of them share."""
