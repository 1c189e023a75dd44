"""Texts that a spreadsheet may take for formulas."""

FORMULAS = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    '"=1',
    "'@x",
    " \t'\" -1",
    "\ufeff=1",
    "\uff1d1",
    "\t",
    "\u2060=1",
    "\0=1",
    "\u2060-1",
)
