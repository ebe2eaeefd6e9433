"""What a sentence says of any program, whatever it is about: calls, order, values, imports, exceptions, lines.

A sentence is brought to a plain form first (`wording`), then held against tables of phrasings (`phrases`), one for each
question that the code can be asked exhaustively. An answer is the truth of the plain, positive statement; polarity and
whatever stands behind it decide what that means for the sentence (`judging`).
"""
