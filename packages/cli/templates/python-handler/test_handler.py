import unittest

import handler


class Handler(unittest.TestCase):
    def test_it_greets(self):
        self.assertEqual(handler.respond("name=Ada", b"")[2], "Hello, Ada!\n")


if __name__ == "__main__":
    unittest.main()
