"""Which stages a mode has, and what they leave in the folder of a model: `trainer`, and a file for each kind of backbone."""
