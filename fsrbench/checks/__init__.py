"""What goes wrong with pictures: small statistics of each, and findings about a method or the data from all of them."""
