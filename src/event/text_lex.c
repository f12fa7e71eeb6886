/* SPDX-License-Identifier: GPL-2.0-only */
#include "text_lex.h"

#include <ctype.h>
#include <errno.h>

#include "base/escape.h"
#include "base/mem.h"

static const char escapes[] = "\"\\\n\t\r", letters[] = "\"\\ntr";

int lexer_fail(struct lexer *lexer, const char *format, ...)
{
	char *what;
	va_list args;

	va_start(args, format);
	if (vasprintf(&what, format, args) >= 0) {
		buf_printf(lexer->message, "line %u: ", lexer->line);
		escape_text(lexer->message, what, strlen(what));
		free(what);
	}
	va_end(args);
	return -EINVAL;
}

void lexer_skip_blanks(struct lexer *lexer)
{
	while (*lexer->at == ' ' || *lexer->at == '\t' || *lexer->at == '\r')
		lexer->at++;
}

bool lexer_is_at_end(const struct lexer *lexer)
{
	return !*lexer->at || *lexer->at == '\n';
}

bool lexer_take(struct lexer *lexer, char c)
{
	if (*lexer->at != c || lexer_is_at_end(lexer))
		return false;
	lexer->at++;
	return true;
}

bool lexer_is_at_quote(const struct lexer *lexer)
{
	return *lexer->at == '"';
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* What a backslash stands for. */
static int read_escape(struct lexer *lexer, struct buf *ret)
{
	const char *letter = *lexer->at ? strchr(letters, *lexer->at) : NULL;
	int high, low;

	if (letter) {
		lexer->at++;
		buf_add(ret, &escapes[letter - letters], 1);
		return 0;
	}
	if (!lexer_take(lexer, 'x'))
		return lexer_fail(lexer,
				  "no such escape; there are \\\" \\\\ \\n \\t \\r and \\xHH");
	high = hex_digit(lexer->at[0]);
	low = high < 0 ? -1 : hex_digit(lexer->at[1]);
	if (low < 0)
		return lexer_fail(lexer, "\\x wants two hexadecimal digits");
	lexer->at += 2;
	buf_add(ret, &(unsigned char){ (unsigned char)(high << 4 | low) }, 1);
	return 0;
}

static int read_quoted(struct lexer *lexer, struct buf *ret)
{
	int r = 0;

	lexer->at++;
	while (!r) {
		size_t plain = strcspn(lexer->at, "\"\\\n");

		buf_add(ret, lexer->at, plain);
		lexer->at += plain;
		if (lexer_take(lexer, '"'))
			break;
		r = lexer_take(lexer, '\\') ? read_escape(lexer, ret) :
					      lexer_fail(lexer, "the text in quotes does not end");
	}
	return r;
}

int lexer_text(struct lexer *lexer, const char *stops, struct buf *ret)
{
	const char *start = lexer->at;

	buf_clear(ret);
	if (lexer_is_at_quote(lexer))
		return read_quoted(lexer, ret);
	while (!lexer_is_at_end(lexer) && !strchr(stops, *lexer->at))
		lexer->at++;
	buf_add(ret, start, (size_t)(lexer->at - start));
	return 0;
}

void text_quote(struct buf *out, const void *data, size_t size)
{
	const char *p = data;
	size_t i, plain = 0; /* where the text without escapes of ours began */

	buf_puts(out, "\"");
	for (i = 0; i < size; i++) {
		const char *escape = p[i] ? strchr(escapes, p[i]) : NULL;

		if (!escape)
			continue;
		escape_text(out, p + plain, i - plain);
		buf_add(out, "\\", 1);
		buf_add(out, &letters[escape - escapes], 1);
		plain = i + 1;
	}
	escape_text(out, p + plain, i - plain);
	buf_puts(out, "\"");
}

int text_number(const char *text, uint64_t max, uint64_t *ret)
{
	unsigned int base = text[0] == '0' && text[1] == 'x' ? 16 : 10;
	uint64_t value = 0;

	text += base == 16 ? 2 : 0;
	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		int digit = hex_digit(*text);

		if (digit < 0 || (unsigned int)digit >= base)
			return -EINVAL;
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, (unsigned int)digit, &value) || value > max)
			return -ERANGE;
	}
	*ret = value;
	return 0;
}
