"""Readers' letters: a form, two filters, a tray in which nothing is lost, and the editor."""
