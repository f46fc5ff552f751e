"""The host's side: what runs programs, in the worker process of this one.

No sandbox has it: the Python engine is built without this folder.
"""
