import unittest

from plugin import sink
from sluice_plugin import Batch, ErrorKind, Mark, PluginError, schema
from sluice_plugin.testing import FakeHost


def host(status):
    return FakeHost(settings={"url": "https://example.com/rows"}).answer(status)


def write(fake):
    columns = schema(id="l", name="u")
    rows = Batch.of(columns, [{"id": 1, "name": "grün"}, {"id": 2}])
    return sink.open(fake, columns, "run/step").write(rows, Mark("main", 1, None, "run/step/1"))


class Writing(unittest.TestCase):
    def test_rows_are_posted_with_their_key(self):
        fake = host(204)
        self.assertEqual(write(fake), 2)
        (request,) = fake.requests
        self.assertEqual(request.headers["idempotency-key"], "run/step/1")
        self.assertEqual(request.body.decode(), '{"id": 1, "name": "grün"}\n{"id": 2, "name": null}\n')

    def test_a_busy_receiver_may_be_tried_again(self):
        for status, kind in ((503, ErrorKind.TRANSIENT), (404, ErrorKind.PERMANENT)):
            with self.assertRaises(PluginError) as refused:
                write(host(status))
            self.assertEqual(refused.exception.kind, kind)


if __name__ == "__main__":
    unittest.main()
