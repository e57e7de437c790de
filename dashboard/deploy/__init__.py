"""From the source tree to a court's machine: the bundle, its installer, the service, and samples for a proxy before it."""
