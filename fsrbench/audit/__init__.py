"""``fsrbench audit``: how far a method's numbers move when they are taken as other papers take them."""
