"""A site: its data, its answers, its loop."""
