/* SPDX-License-Identifier: GPL-2.0-only */
#include "probe.h"

#ifndef __x86_64__
#error "the probes are written for x86-64"
#endif

/* The same in the words of USDT, for other tools: sysprof:NAME with its arguments. */
#define NOTE(symbol, name, arguments)                \
	".pushsection .note.stapsdt,\"\",\"note\"\n" \
	".balign 4\n"                                \
	".4byte 992f-991f, 994f-993f, 3\n"           \
	"991: .asciz \"stapsdt\"\n"                  \
	"992: .balign 4\n"                           \
	"993: .8byte " symbol "\n"                   \
	".8byte _.stapsdt.base\n"                    \
	".8byte 0\n"                                 \
	".asciz \"sysprof\"\n"                       \
	".asciz \"" name "\"\n"                      \
	".asciz \"" arguments "\"\n"                 \
	"994: .balign 4\n"                           \
	".popsection\n"

#define PROBE(symbol, name, arguments)               \
	".text\n"                                    \
	".balign 16\n"                               \
	".globl " symbol "\n"                        \
	".type " symbol ", @function\n" symbol ":\n" \
	".cfi_startproc\n"                           \
	"nop\n"                                      \
	"ret\n"                                      \
	".cfi_endproc\n"                             \
	".size " symbol ", . - " symbol "\n" NOTE(symbol, name, arguments)

__asm__(PROBE("sysprof_heap_alloc", "alloc", "8@%rdi 8@%rsi 8@%rdx"));
__asm__(PROBE("sysprof_heap_free", "free", "8@%rdi"));

__asm__(".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n"
	".weak _.stapsdt.base\n"
	".hidden _.stapsdt.base\n"
	"_.stapsdt.base: .space 1\n"
	".size _.stapsdt.base, 1\n"
	".popsection\n");
