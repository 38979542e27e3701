"""Files that are sent from the visitor's machine to the server, one after the other."""
