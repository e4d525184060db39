"""Discovery: a name server for the nginx gateway that knows which replicas of a page are well.

nginx's open version asks no replica how it is, but it does follow DNS. Whoever answers its questions
can therefore take a replica out that hangs or fails, and let it in again: `python -m gateway.discovery`.
"""
