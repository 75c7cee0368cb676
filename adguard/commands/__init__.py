"""What the `adguard` command can do, a module a sub-command."""
