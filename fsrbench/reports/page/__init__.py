"""``fsrbench report``: a run as one self-contained HTML page, which needs no network and no other file."""
