"""What the page Audio is made of."""
