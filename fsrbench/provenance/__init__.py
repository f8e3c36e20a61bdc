"""What a stored result depends on: versions, code, what objects hold, files and the checkout."""
