"""The network: shared 3x3 filters, and what a corpus has of its own: adapters, normalisation and head (`resnet`, `heads`)."""
