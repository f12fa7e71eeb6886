/* SPDX-License-Identifier: GPL-2.0-only */
/* Functions that cannot be used safely: naming one is a compile error. */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf strtok gets
#pragma GCC poison atoi atol atoll atof ctime asctime mktemp tmpnam

#endif /* BASE_BANNED_H */
