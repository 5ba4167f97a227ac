"""The EAs' door: one module for each part of the protocol."""
