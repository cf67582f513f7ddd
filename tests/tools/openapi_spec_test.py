"""docs/openapi.json is an OpenAPI 3.1 document, by openapi-spec-validator."""
import copy
import json
import pathlib
import unittest

from openapi_spec_validator import OpenAPIV31SpecValidator

DOCUMENT = json.loads((pathlib.Path(__file__).resolve().parents[2] / "docs/openapi.json").read_text())


def errors_of(document):
    return [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()]


class OpenApiSpec(unittest.TestCase):
    def test_it_is_a_document_of_its_version(self):
        self.assertEqual(errors_of(DOCUMENT), [])

    def test_a_path_whose_capture_nobody_describes_is_found(self):
        damaged = copy.deepcopy(DOCUMENT)
        del damaged["paths"]["/v1/jobs/{job}"]["get"]["parameters"]
        self.assertNotEqual(errors_of(damaged), [])

    def test_a_schema_that_is_none_is_found(self):
        damaged = copy.deepcopy(DOCUMENT)
        damaged["components"]["schemas"]["Job"]["properties"]["id"]["minimum"] = "one"
        self.assertNotEqual(errors_of(damaged), [])


if __name__ == "__main__":
    unittest.main()
