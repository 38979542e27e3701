"""What the network sees: log-mel spectrograms (`log_mel`), kept on disk (`spectrogram_cache`), as crops and windows (`crops`)."""
