"""What the face alignment network's training and measuring need beside ``fsrbench train fan``."""
