import unittest

import tool


class Tool(unittest.TestCase):
    def test_its_examples_come_true(self):
        for example in tool.DESCRIPTION["examples"]:
            self.assertEqual(tool.answer(example["input"]), {"output": example["output"]})

    def test_it_refuses_with_a_code(self):
        self.assertEqual(tool.answer({"name": "nobody"})["error"]["code"], "not_found")


if __name__ == "__main__":
    unittest.main()
