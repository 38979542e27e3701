"""Pages for leads. May import what `labeler.app.pages` may."""
