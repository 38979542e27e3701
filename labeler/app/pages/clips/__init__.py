"""The page Clips: a table of all clips to search, filter, sort, play and change many of at once."""
