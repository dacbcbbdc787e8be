"""Files of strangers, each read by what it holds, in a confined process. Knows no index."""
