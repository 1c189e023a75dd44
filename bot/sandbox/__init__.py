"""A Tencent Chat REST server you can run."""
