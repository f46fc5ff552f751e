"""The standard library in a sandbox: imported before the snapshot, and replaced in part."""
