"""Says what is wrong on this machine or in the account, before a command trips over it."""
