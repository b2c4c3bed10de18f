#!/usr/bin/python3
"""A file manager as far as dragging goes: drag-source.py X Y FILE… shows a small window there, from which these files are
dragged. It says `ready` when it is on the screen."""
import pathlib
import sys

import gi

gi.require_version("Gdk", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, Gtk  # noqa: E402

x, y, *files = sys.argv[1:]
# Without a window manager only a popup stands where it is told to, and in front.
window = Gtk.Window(type=Gtk.WindowType.POPUP)
window.set_default_size(60, 60)
window.move(int(x), int(y))
window.drag_source_set(Gdk.ModifierType.BUTTON1_MASK, [], Gdk.DragAction.COPY)
window.drag_source_add_uri_targets()
window.connect("drag-data-get", lambda _w, _c, data, _i, _t: data.set_uris([pathlib.Path(f).as_uri() for f in files]))
window.connect("map-event", lambda *_: print("ready", flush=True))
window.show_all()
Gtk.main()
