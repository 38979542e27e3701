"""How people get in: signing in, and which pages are for whom. May import what `labeler.app.pages` may."""
