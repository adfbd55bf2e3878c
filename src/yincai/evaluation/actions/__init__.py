"""One verb a module: the only places that change what this package keeps."""
