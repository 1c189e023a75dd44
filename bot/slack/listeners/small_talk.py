"""Small talk: words of greetings and sentences, which are no account ids."""

_WORDS = """
    a about again all am any anybody anyone are can cheers cool could do does everybody everyone fine for
    from good got great guys have hello hey hi hiya how i in is it just me morning my nice no of ok okay on
    perfect please show sorry sure tell test thank thanks that the there this thx to up ty was welcome well
    what who why with works wow yes yo you your
"""
SMALL_TALK = frozenset(_WORDS.split())
"""Words of greetings, thanks and sentences: alone, they are answered with the start."""
NEVER_IDS = SMALL_TALK - {"test"} | frozenset(
    ["an", "and", "as", "at", "be", "but", "by", "he", "if", "or", "she", "so", "they", "we"]
)
"""Words of sentences that are not worth saying when they are not read as ids."""
