"""Raw inputs: fetching what `params.yaml` pins, and one reader for each raw format."""
