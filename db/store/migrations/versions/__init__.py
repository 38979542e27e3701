"""One file a schema change, in order; a file here is never changed once it is released."""
