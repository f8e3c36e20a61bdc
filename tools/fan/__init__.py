"""Training labels and accuracy of the face alignment network, beside ``fsrbench train fan``."""
