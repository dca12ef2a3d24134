import unittest

from plugin import channel
from sluice_plugin import ErrorKind, PluginError
from sluice_plugin.testing import FakeHost, alert


def host(status, body=""):
    return FakeHost(settings={"url": "https://example.com/alerts"}, secrets={"token": "t"}).answer(status, body)


class Delivering(unittest.TestCase):
    def test_an_alert_is_posted_and_its_id_kept(self):
        fake = host(200, '{"id":"7"}')
        self.assertEqual(channel.deliver(fake, alert("look"), "key"), "7")
        (request,) = fake.requests
        self.assertEqual(request.json()["severity"], "critical")
        self.assertEqual(request.headers["authorization"], "Bearer t")

    def test_a_busy_receiver_may_be_tried_again(self):
        with self.assertRaises(PluginError) as refused:
            channel.deliver(host(429), alert("look"), "key")
        self.assertEqual(refused.exception.kind, ErrorKind.TRANSIENT)


if __name__ == "__main__":
    unittest.main()
