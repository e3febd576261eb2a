"""The workspace's settings from config.toml and the environment, checked and frozen."""
