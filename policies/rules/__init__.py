"""One module per theme; `policies.pack` lists what is in force."""
