"""How it is built, started, watched and scheduled: composition root, command line, HTTP, jobs."""
