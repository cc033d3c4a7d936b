"""The applications under test. Each is made by a function, in a server process of its own."""
