"""Jupyter's own test suite for kernels, with samples in TypeScript."""

import unittest

import jupyter_kernel_test


class FlamingoTests(jupyter_kernel_test.KernelTests):
    kernel_name = "flamingo"
    language_name = "typescript"
    file_extension = ".ts"

    code_hello_world = "console.log('hello, world')"
    code_stderr = "console.error('oh')"
    completion_samples = [
        {"text": "Math.cbr", "matches": ["cbrt"]},
        {"text": "const word: string = ''; word.toUpper", "matches": ["toUpperCase"]},
    ]
    complete_code_samples = ["1", "const a: number = 1", "for (const b of [1]) { b }", "await 1"]
    incomplete_code_samples = ["function f() {", "[1, 2", "`a"]
    invalid_code_samples = ["let = = 1", "1 +* 2", "}"]
    code_generate_error = "throw new Error('oh')"
    code_execute_result = [
        {"code": "6 * 7", "result": "42"},
        {"code": "'a' + 'b'", "result": "'ab'"},
        {"code": "[1, 2].map((n: number) => n * 2)", "result": "[ 2, 4 ]"},
    ]
    code_display_data = [
        {"code": "(await import('tslab')).display.html('<b>a</b>')", "mime": "text/html"},
        {"code": "await flamingo.display(flamingo.html`<b>a</b>`)", "mime": "text/html"},
    ]
    code_history_pattern = "6 ?*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "Math.sqrt"
    code_clear_output = "flamingo.clearOutput()"


if __name__ == "__main__":
    unittest.main()
