"""For the court's own Prometheus and Grafana: `ecc.rules.yml`, `prometheus.example.yml`, `ecc.dashboard.json`. Files to copy, no code."""
