"""Every number in the documentation, with the command that makes it: `make bench`."""
