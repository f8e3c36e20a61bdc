"""Pixels: pictures decoded, enlarged, labelled and laid side by side."""
