"""What a user is told, how often, through which door."""
