"""What a stored result depends on: versions, code, the state of objects, files and the git checkout."""
