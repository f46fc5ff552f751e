"""The worker process: its start, and the requests, events and answers that pass between us."""
