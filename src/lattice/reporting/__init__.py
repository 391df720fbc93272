"""From stored results to numbers, documents and files. What a face shows or hands on is made here."""
