"""What a network takes of each clip, as an array a clip, kept on disk (`clip_cache`): spectrograms, or frames of an encoder."""
