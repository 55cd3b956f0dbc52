"""Raw inputs: fetching those pinned in `params.yaml`, and one reader per raw format."""
