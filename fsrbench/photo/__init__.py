"""``fsrbench upscale``: the small faces in one's own photo, super-resolved and put back."""
