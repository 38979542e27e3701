"""Speech and other sounds to train an encoder on, from the packages that carry them: which, how they are read and made alike."""
