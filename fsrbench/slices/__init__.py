"""``fsrbench slices``: where a method fails, found from the properties of the images."""
