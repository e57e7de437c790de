"""The officer's phone app: one page that a weak phone keeps and starts without a network. Serves files only; knows no row and no person."""
