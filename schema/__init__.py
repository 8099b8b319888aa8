"""What can be asked: the types, their links, the root, and the printed SDL."""
