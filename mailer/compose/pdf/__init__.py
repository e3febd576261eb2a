"""The issue as a PDF."""
