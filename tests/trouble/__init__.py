"""A project that is served and labelled fast, while its disk, its clock or its database fails."""
