"""Files and folders, read and written safely: whole or not at all, one writer at a time."""
