"""What the company knows: sources, parsing, index, search. Knows no person, only the groups they are in."""
