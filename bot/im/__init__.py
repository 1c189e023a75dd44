"""Tencent Chat's REST API; the only package that knows it (IM is the vendor's product, no direct message)."""
