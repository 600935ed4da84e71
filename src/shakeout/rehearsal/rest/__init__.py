"""The double's REST interface, which `gcloud` talks to: version 2, version 1 (Knative's form) and Cloud Logging."""
