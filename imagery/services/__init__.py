"""Layers that are services: asked page by page, and copied whole into the workspace."""
