"""谈话笔录: the record of a talk with a party, written and printed at the desk; must not know wall, desk or the pages of guests."""
