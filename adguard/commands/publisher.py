"""The settings of a publisher's site, for commands that speak of them."""

from __future__ import annotations

import importlib
import os
import secrets
import sys
from typing import Any

import click

from adguard.middleware import AdGuardMiddleware
from adguard.settings import Settings, SettingsError, build_settings

__all__ = ["settings_of"]

DEEPEST = 50
"""Layers of middleware that are looked through."""


def settings_of(app: str | None) -> Settings:
    """Returns the settings of an app, else those of the environment; without a secret key there,
    one is made that lives as long as the command.

    :param app: `module:name` of an app that mounts us, of our middleware, of a `Settings`, or of a
        function without parameters that makes one.
    :raises click.ClickException: in words, when there are none.
    """
    try:
        if app is not None:
            return _found(_imported(app), app)
        key = {} if os.environ.get("ADGUARD_SECRET_KEY") else {"secret_key": secrets.token_hex(32)}
        return build_settings(None, key)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None


def _imported(app: str) -> Any:
    name, _, attribute = app.partition(":")
    if not name or not attribute:
        raise click.ClickException(f"--app {app!r} is not like 'paper.main:app'.")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        return getattr(importlib.import_module(name), attribute)
    except Exception as error:
        raise click.ClickException(
            f"--app {app!r} cannot be imported ({type(error).__name__}: {error})."
        ) from error


def _found(thing: Any, app: str) -> Settings:
    """Looks through layers of middleware, as they nest (`.app`) or as Starlette keeps them until
    the first request (`.user_middleware`)."""
    if callable(thing) and getattr(thing, "__code__", None) is not None:
        thing = thing()
    for _ in range(DEEPEST):
        if isinstance(thing, Settings):
            return thing
        if isinstance(thing, AdGuardMiddleware):
            return thing.services.settings
        for layer in getattr(thing, "user_middleware", ()):
            if layer.cls is AdGuardMiddleware:
                options = dict(layer.kwargs)
                settings = layer.args[0] if layer.args else options.pop("settings", None)
                return build_settings(settings, options)
        thing = getattr(thing, "app", None)
    raise click.ClickException(f"--app {app!r} does not mount AdGuardMiddleware.")
