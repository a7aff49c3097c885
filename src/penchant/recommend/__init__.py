"""From interests to a list: candidates, ranking, and the reasons."""
