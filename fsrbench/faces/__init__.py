"""Faces: alignment, FFHQ's square, and MTCNN."""
