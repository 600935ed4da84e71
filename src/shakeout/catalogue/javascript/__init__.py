"""JavaScript: source that Node.js cannot load, and names that nothing declares."""
