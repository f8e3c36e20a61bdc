"""Methods in processes of their own: the run's side (``parent``) and the method's (``child``)."""
