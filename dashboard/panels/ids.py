"""Component ids, so that a typing mistake is an import error."""

MAP = "wall-map"
GANTT_PLACE = "gantt-place"
MOUNTED = "mounted"
VERB = "verb"
NOTICE = "notice"
LOCK = "lock-state"
