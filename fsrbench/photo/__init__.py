"""``fsrbench upscale``: super-resolve the small faces in a photo and paste them back."""
