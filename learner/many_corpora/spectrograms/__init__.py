"""What the network sees, log-mel spectrograms (`learner.encoders.corpora_model.log_mel`), kept on disk (`spectrogram_cache`)."""
