"""Every setting of the product, read once from a TOML file and from `ECC_*` variables; frozen, and passed down as an argument.

What each key means stands in `dashboard/ecc.example.toml`. A variable wins over the file.
"""

from data.settings.addresses import sqlite_file, sqlite_url, turn_url
from data.settings.choices import UNNAMED, is_secret, keys, live_keys
from data.settings.environment import foreign_environ, has_screen, said_here, systemd_socket
from data.settings.forms import as_texts, as_words, forms, from_text
from data.settings.loading import TOML_NAME, as_environ, load
from data.settings.settings import FOLDER_MODE, Settings

__all__ = [
    "FOLDER_MODE",
    "TOML_NAME",
    "UNNAMED",
    "Settings",
    "as_environ",
    "as_texts",
    "as_words",
    "foreign_environ",
    "forms",
    "from_text",
    "has_screen",
    "is_secret",
    "keys",
    "live_keys",
    "load",
    "said_here",
    "sqlite_file",
    "sqlite_url",
    "systemd_socket",
    "turn_url",
]
