"""What the worker is asked, made from the arguments of the public functions."""
