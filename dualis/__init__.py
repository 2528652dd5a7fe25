"""The Django project and the state of the market."""
