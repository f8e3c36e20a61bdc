"""Bundles: one method's results of one or several runs in a file that others can check; made, read and verified."""
