"""The page on which a recording is looked at again, by those who may, with a reason."""
