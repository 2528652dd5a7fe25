"""The user. Sessions and tokens stand below."""
