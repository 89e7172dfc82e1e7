"""A small invented Arabic press on localhost, so that the main job runs offline."""
