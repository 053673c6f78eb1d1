"""The offline map for the rig: a folder that opens from a memory stick, without a network."""
