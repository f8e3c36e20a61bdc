"""Faces: landmarks, alignment, FFHQ's square, and MTCNN."""
