"""What the project is measured against: minimal servers, one file each, and the bare hub."""
