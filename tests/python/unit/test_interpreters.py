"""Sub-interpreters are refused with a clear error."""

import subprocess
import sys

CODE = """
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
import sys
import aws.osml.io
code = f'''
import sys
sys.path[:] = {sys.path!r}
try:
    import aws.osml.io
except ImportError as error:
    print("refused:", error, flush=True)
'''
made = interpreters.create("legacy") if sys.version_info >= (3, 13) else interpreters.create(isolated=False)
print(interpreters.run_string(made, code) or "")
"""


def test_an_import_in_a_sub_interpreter_raises_that_one_interpreter_is_allowed():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=60)
    assert "refused: aws.osml.io can be used in only one interpreter" in done.stdout, done.stdout + done.stderr
