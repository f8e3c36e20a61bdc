"""Methods: the base class, one file for each kind of method, timing, counting and export."""
