// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weft authors

// Stands in for libFuzzer: runs each file through the target once.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "rb");
		uint8_t *data;
		long size;

		if (f == NULL || fseek(f, 0, SEEK_END) || (size = ftell(f)) < 0) {
			perror(argv[i]);
			return 1;
		}
		rewind(f);
		// Exactly as long as the input: a sanitizer sees a read behind it.
		data = malloc(size ? (size_t)size : 1);
		if (data == NULL || fread(data, 1, size, f) != (size_t)size)
			return 1;
		LLVMFuzzerTestOneInput(data, size);
		free(data);
		fclose(f);
	}
	return 0;
}
