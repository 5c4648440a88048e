"""What PyInstaller makes a standalone mitmdump of."""

from mitmproxy.tools.main import mitmdump

mitmdump()
