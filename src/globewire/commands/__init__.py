"""The commands of `globewire`, a module a group. They read arguments, ask the hold or the API, and print; they decide nothing."""
