# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weft authors
"""embed.py OUT FILE...: writes a C table of the page's files to OUT. Without files the table is empty."""
import hashlib
import os
import sys

TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".svg": "image/svg+xml"}


def main():
    """Writes the table."""
    out, *files = sys.argv[1:]
    with open(out, "w", encoding="ascii") as c:
        c.write('#include "control/rest/http/page_files.h"\n\nconst struct page_file page_files[] = {\n')
        for path in files:
            with open(path, "rb") as f:
                data = f.read()
            # A library's file may name its source map, which is not there; the browser would ask for it.
            data = b"\n".join(line for line in data.split(b"\n") if b"sourceMappingURL" not in line)
            name = os.path.basename(path)
            c.write(f'{{ "/{"" if name == "index.html" else "page/" + name}", "{TYPES[os.path.splitext(name)[1]]}", '
                    f'"\\"{hashlib.sha256(data).hexdigest()[:16]}\\"", {len(data)}, (const unsigned char[]){{')
            c.write(",".join(map(str, data)))
            c.write("}},\n")
        c.write("{ 0 } };\n")


main()
