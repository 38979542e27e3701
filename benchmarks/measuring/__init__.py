"""What measurements share: the table of rows, made-up projects and encoders, browsers, processes and memory."""
