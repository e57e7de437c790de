"""What `install.sh` starts once the bundle's sums are right: a first installation, or an upgrade that can be cut at any instant.

Stands alone: any Python that the bundle has wheels for runs it, before anything is installed; so its files name each other by their place.
The program lies in PREFIX/versions, one folder a version; PREFIX/current points at the one that runs. Data lie in HOME and are touched by
the program only.

An upgrade: the new version is put beside the old one and tried on a copy of the data while the old one still runs; then the old one stops,
the database is set aside, `current` is pointed at the new one (one rename), and the new one starts and brings the schema up in one
transaction. A power cut before the rename leaves the old version with its data, after it the new one, whose next start does the rest.
A new version that does not come up takes its schema back, which keeps what was written since, and the old one starts again.
"""
