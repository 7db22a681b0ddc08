# What this repository uses of awscrt, which has no types; compared with 0.38.1.
