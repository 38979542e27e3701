"""Pages on which a lead sets a project up: the start page, Labels, Audio."""
