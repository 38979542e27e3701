"""Programs for the developers of Earmark; nothing here is installed."""
