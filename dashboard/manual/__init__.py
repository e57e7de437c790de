"""使用手册: the book inside the product, a page for each reader; must not know any other face."""
