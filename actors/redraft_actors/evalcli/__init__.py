"""`redraft eval`: one module a suite, on what ``running`` has for all of them."""
