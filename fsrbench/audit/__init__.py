"""``fsrbench audit``: how far a method's numbers move when they are measured as in other papers."""
