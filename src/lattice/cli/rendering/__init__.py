"""What the command line shows, as lines of text: blocks, tables and the live view. Needs no library."""
