"""Reference data: rates, corporate actions, price histories and earnings dates, from the formats that they come in.

A format is a pure function of a file's bytes: every row of it is accepted or set aside with its reasons
(``parsed``), and each accepted row has its source and the instant from which a trader could know it
(``publication``). ``registry`` names the formats; the ``source`` modules read files for one universe.
"""
