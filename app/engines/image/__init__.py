"""Pictures that people send. Read in processes of their own: the library behind it is not for the one that serves."""
