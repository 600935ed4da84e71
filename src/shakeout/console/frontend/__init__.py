"""The console's pages, and the small service that hands them out."""
