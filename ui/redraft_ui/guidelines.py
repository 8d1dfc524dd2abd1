"""What an annotator has to know, in plain words."""

GUIDELINES = """
1. **Look at the picture first**, then read the answer.
2. **Change only what is wrong.** A thing that is not there: take it out. A wrong colour, number or place: put the
   right word. Leave style and grammar alone.
3. **Words with a dotted line** are those the model was unsure of. Look there first; they may well be right, and others
   may be wrong.
4. **Nothing wrong?** Press *No hallucination*. **Cannot tell?** Press *Skip*: somebody else will see it.
"""
