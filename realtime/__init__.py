"""What moves: the journal, the hub and the two protocols on top of them."""
