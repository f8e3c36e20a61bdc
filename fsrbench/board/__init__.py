"""``fsrbench board``: a static site of many people's results, from their bundles alone."""
