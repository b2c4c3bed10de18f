#!/usr/bin/python3
"""The parts of a desktop that a test watches: a notification server and a tray host, on the session bus.

usage: mocks.py [notifications] [tray]

Tells on standard output what happens, one JSON object a line: {"event": "notify", "id", "summary", "body", "actions",
...}, {"event": "close", "id"}, {"event": "tray-item"}. Takes orders on standard input, one JSON object a line with a
"seq", answered by {"event": "answer", "seq", "value" | "error"}: {"do": "invoke", "id", "key"} (a click on a
notification, "default" for its body), {"do": "tray"} (what the item shows), {"do": "tray-click", "label"}.
"""
import json
import sys

import dbus
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib

NOTIFICATIONS = "org.freedesktop.Notifications"
WATCHER = "org.kde.StatusNotifierWatcher"
ITEM = "org.kde.StatusNotifierItem"
MENU = "com.canonical.dbusmenu"


def say(event, **fields):
    sys.stdout.write(json.dumps({"event": event, **{k: plain(v) for k, v in fields.items()}}) + "\n")
    sys.stdout.flush()


def plain(value):
    """A D-Bus value as JSON; long arrays (pictures) only by their size."""
    if isinstance(value, dbus.Boolean):
        return bool(value)
    if isinstance(value, (dbus.Array, dbus.Struct, list, tuple)):
        return [plain(v) for v in value] if len(value) < 64 else f"<{len(value)} items>"
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if value is None or isinstance(value, (bool, float)):
        return value
    return int(value) if isinstance(value, int) else str(value)


class Notifications(dbus.service.Object):
    """Draws nothing; remembers everything."""

    def __init__(self, bus):
        super().__init__(dbus.service.BusName(NOTIFICATIONS, bus), "/org/freedesktop/Notifications")
        self.last = 0

    @dbus.service.method(NOTIFICATIONS, in_signature="susssasa{sv}i", out_signature="u")
    def Notify(self, app, replaces, icon, summary, body, actions, hints, timeout):
        if not replaces:
            self.last += 1
        number = int(replaces or self.last)
        say("notify", id=number, app=app, icon=icon, summary=summary, body=body, actions=actions, hints=hints)
        return dbus.UInt32(number)

    @dbus.service.method(NOTIFICATIONS, in_signature="u")
    def CloseNotification(self, number):
        say("close", id=number)
        self.NotificationClosed(number, 3)

    @dbus.service.method(NOTIFICATIONS, out_signature="as")
    def GetCapabilities(self):
        return ["actions", "body", "body-markup", "icon-static", "persistence"]

    @dbus.service.method(NOTIFICATIONS, out_signature="ssss")
    def GetServerInformation(self):
        return ("stand-in", "Backscroll tests", "1", "1.2")

    @dbus.service.signal(NOTIFICATIONS, signature="us")
    def ActionInvoked(self, number, key):
        pass

    @dbus.service.signal(NOTIFICATIONS, signature="uu")
    def NotificationClosed(self, number, reason):
        pass

    def invoke(self, number, key):
        self.ActionInvoked(dbus.UInt32(number), key)
        self.NotificationClosed(dbus.UInt32(number), dbus.UInt32(2))


class Watcher(dbus.service.Object):
    """A tray that shows nothing; tests read the item as a panel would."""

    def __init__(self, bus):
        super().__init__(dbus.service.BusName(WATCHER, bus), "/StatusNotifierWatcher")
        self.bus = bus
        self.items = []

    @dbus.service.method(WATCHER, in_signature="s", sender_keyword="sender")
    def RegisterStatusNotifierItem(self, service, sender=None):
        item = (sender, service) if service.startswith("/") else (service, "/StatusNotifierItem")
        self.items.append(item)
        say("tray-item", owner=item[0], path=item[1])
        self.StatusNotifierItemRegistered("".join(item))

    @dbus.service.method(WATCHER, in_signature="s")
    def RegisterStatusNotifierHost(self, service):
        pass

    @dbus.service.signal(WATCHER, signature="s")
    def StatusNotifierItemRegistered(self, service):
        pass

    @dbus.service.signal(WATCHER)
    def StatusNotifierHostRegistered(self):
        pass

    @dbus.service.method(dbus.PROPERTIES_IFACE, in_signature="ss", out_signature="v")
    def Get(self, interface, name):
        return self.GetAll(interface)[name]

    @dbus.service.method(dbus.PROPERTIES_IFACE, in_signature="s", out_signature="a{sv}")
    def GetAll(self, interface):
        return {
            "IsStatusNotifierHostRegistered": dbus.Boolean(True),
            "ProtocolVersion": dbus.Int32(0),
            "RegisteredStatusNotifierItems": dbus.Array(["".join(i) for i in self.items], signature="s"),
        }

    def item(self):
        """Properties and menu of the newest item."""
        if not self.items:
            raise LookupError("no tray item")
        owner, path = self.items[-1]
        properties = dbus.Interface(self.bus.get_object(owner, path), dbus.PROPERTIES_IFACE).GetAll(ITEM)
        menu = dbus.Interface(self.bus.get_object(owner, str(properties["Menu"])), MENU)
        menu.AboutToShow(0)
        rows = menu.GetLayout(0, -1, dbus.Array([], signature="s"))[1][2]
        return properties, menu, [(int(row[0]), row[1], row[2]) for row in rows]

    def read(self):
        properties, _, rows = self.item()
        entries = [
            {"label": str(p.get("label", "")), "enabled": bool(p.get("enabled", True)), "type": str(p.get("type", ""))}
            for _, p, _ in rows
        ]
        label = properties.get("XAyatanaLabel", "")
        return {"label": str(label), "icon": str(properties["IconName"]), "status": str(properties["Status"]), "menu": entries}

    def click(self, label):
        _, menu, rows = self.item()
        for number, properties, _ in rows:
            if str(properties.get("label", "")) == label:
                menu.Event(number, "clicked", dbus.String("", variant_level=1), dbus.UInt32(0))
                return True
        raise LookupError(f"no entry {label!r}")


def main():
    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    bus = dbus.SessionBus()
    notifications = Notifications(bus) if "notifications" in sys.argv else None
    watcher = Watcher(bus) if "tray" in sys.argv else None
    loop = GLib.MainLoop()
    orders = {
        "invoke": lambda o: notifications.invoke(o["id"], o["key"]),
        "tray": lambda o: watcher.read(),
        "tray-click": lambda o: watcher.click(o["label"]),
    }

    def order(source, _condition):
        line = source.readline()
        if not line:
            loop.quit()
            return False
        asked = json.loads(line)
        try:
            say("answer", seq=asked["seq"], value=orders[asked["do"]](asked))
        except Exception as error:  # the test shall see whatever went wrong, and the desktop lives on
            say("answer", seq=asked["seq"], error=str(error))
        return True

    GLib.io_add_watch(sys.stdin, GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP, order)
    say("ready")
    loop.run()


main()
