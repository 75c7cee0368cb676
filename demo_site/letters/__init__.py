"""Readers' letters: a form, two filters, a tray, and the editor, who decides."""
