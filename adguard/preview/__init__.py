"""The contact sheet: every state that a reader can meet, in every form, language and theme."""

from adguard.preview.app import Preview
from adguard.preview.pictures import Picture, languages_first, pictures_of
from adguard.preview.states import State, states_of

__all__ = ["Picture", "Preview", "State", "languages_first", "pictures_of", "states_of"]
