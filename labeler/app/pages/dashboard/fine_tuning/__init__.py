"""The section Fine-tuning of the Dashboard: whether it is worth trying, what the last one gave (`last`), and one that runs
(`started`)."""
