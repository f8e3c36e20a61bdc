"""The commands of ``fsrbench``, a file a family: parse, call, print. Everything heavy is imported inside them."""
