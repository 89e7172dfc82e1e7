"""Readers' pages over HTTP: the digest in full, what a reader can ask for through its links, feeds for feed readers."""
