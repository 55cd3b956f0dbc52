"""Stages that train models and evaluate them."""
