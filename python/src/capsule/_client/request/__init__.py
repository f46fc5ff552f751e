"""Requests to the worker, made from the arguments of the public functions."""
