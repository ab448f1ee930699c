"""The pictures of the console in the README: taken from a gateway that runs, with messages that were sent. Needs Chromium.

.venv/bin/python tools/screenshots.py
"""

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from globewire.commands.client import Client

IMAGES = Path(__file__).parent.parent / "docs" / "images"
WIDE = {"width": 1280, "height": 800}
KEY = ("shopkey", "a-secret-for-pictures")
CONFIGURATION = f"""\
[simulator]
receipt_delay = [0.2, 1.5]
latency = [0.01, 0.05]
[[account]]
id = "shop"
sender = "Shop"
quota = {{ SendMessageToGlobe = 1000 }}
key = [{{ id = "{KEY[0]}", secret = "{KEY[1]}" }}]
"""
MESSAGES = (
    ("447700900123", "Your table is booked for Friday at 19:30. Reply is not possible; call us to change it."),
    ("491701234567", "Ihre Bestellung ist unterwegs und kommt heute zwischen 14 und 16 Uhr."),
    ("6591239001", "This phone is switched off: the carrier's receipt will say UNDELIV."),
    ("85261234567", "Your parcel is at the counter. Pickup code 9034."),
    ("6591234567", "482913 is your Shop code. It is valid for 10 minutes."),
    ("6591234567", "Thank you! Your order 20261 is on its way \U0001f600 and will be with you tomorrow."),
    ("6591234567", "039471 is your Shop code. It is valid for 10 minutes."),
)


def main() -> None:
    """Run a gateway, send, and photograph page by page."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("Chromium is missing: apt-get install chromium")
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "globewire.toml").write_text(CONFIGURATION)
        command = [sys.executable, "-m", "globewire", "serve", "--listen", "127.0.0.1:8018", "--json"]
        gateway = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            assert gateway.stdout is not None
            api = json.loads(gateway.stdout.readline())["api"]
            ids = send(api)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
                photograph(browser.new_page(viewport=WIDE, device_scale_factor=1), api, ids[-1])
                browser.close()
        finally:
            gateway.send_signal(signal.SIGTERM)
            gateway.wait(30)


def send(api: str) -> list[str]:
    """The messages, and a minute of traffic for the carriers' charts; the ids of the former."""
    client = Client(api, *KEY)
    until = time.monotonic() + 60
    number = 0
    while time.monotonic() < until:
        number += 1
        ending = "9001" if number % 40 == 0 else "9012" if number % 25 == 0 else f"{number % 9000:04}"
        client.call("SendMessageToGlobe", {"To": f"8526123{ending}", "Message": f"Your code is {100_000 + number * 37 % 900_000}."})
        time.sleep(0.02 + 0.05 * (number % 100 < 30))
    ids = []
    for to, text in MESSAGES:
        reply = client.call("SendMessageToGlobe", {"To": to, "Message": text, "TaskId": "picture"})
        ids.append(str(reply["MessageId"]))
        time.sleep(0.3)
    time.sleep(3)
    return ids


def photograph(page: Page, api: str, message: str) -> None:
    """Inbox, one message, explorer and carriers."""
    shoot(page, f"{api}/console/inbox/6591234567", "inbox")
    shoot(page, f"{api}/console/messages/{message}", "message")
    page.goto(f"{api}/console/explorer")
    page.get_by_label("To required").fill("6591234567")
    page.get_by_label("Message required").fill("039471 is your Shop code.")
    page.get_by_role("button", name="Send", exact=True).click()
    page.wait_for_selector("#reply")
    page.evaluate("window.scrollTo(0, 0)")
    page.screenshot(path=IMAGES / "explorer.png")
    shoot(page, f"{api}/console/carriers/simulator", "carriers")


def shoot(page: Page, address: str, name: str) -> None:
    """One picture of a page, when it has come to rest."""
    page.goto(address)
    page.wait_for_timeout(2500)
    page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()
