"""``fsrbench report``: a run as one HTML page that needs nothing else, with no network and no other file."""
