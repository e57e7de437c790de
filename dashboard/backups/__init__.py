"""`ecc backup` and `ecc restore`: everything of a running court in one encrypted file, its keys in another, and a court out of them again.

The archive is age over tar, so that in the worst case `age -d -i IDENTITY FILE | tar x` is enough. The machine holds the public key only:
who takes the machine and its backups reads nothing, and whoever keeps the identity keeps it elsewhere.
"""
