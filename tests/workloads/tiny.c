/* SPDX-License-Identifier: GPL-2.0-only */
/* The shared library of plt.c. */
int tiny(int x);

int tiny(int x)
{
	return x ^ 1;
}
