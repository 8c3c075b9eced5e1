/* SPDX-License-Identifier: GPL-2.0-only */
/* Strings from outside made safe for every output, times and durations. */
#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>

static const struct {
	uint32_t first, last;
} unsafe[] = {
	{0x00, 0x1f},	  {0x7f, 0x9f},	    {0x061c, 0x061c}, {0x200e, 0x200f},
	{0x2028, 0x202e}, {0x2066, 0x2069},
};

static bool is_unsafe(uint32_t c)
{
	for (size_t i = 0; i < sizeof(unsafe) / sizeof(unsafe[0]); i++)
		if (c >= unsafe[i].first && c <= unsafe[i].last)
			return true;
	return false;
}

/* Bytes that a lead byte announces, 0 when it is none. */
static size_t announced(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if (lead >= 0xe0 && lead <= 0xef)
		return 3;
	return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

/* Length of the character at IN and its code point; 0 when the bytes are not UTF-8 (overlong, surrogate, cut off). */
static size_t next_char(const unsigned char *in, size_t size, uint32_t *point)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length = announced(in[0]);
	uint32_t c = length > 1 ? in[0] & (0x7fu >> length) : in[0];

	if (!length || length > size)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((in[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (in[i] & 0x3f);
	}
	if (c < least[length] || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff)
		return 0;
	*point = c;
	return length;
}

size_t text_clean(const char *in, size_t size, char out[static TEXT_MAX + 1])
{
	size_t from = 0, to = 0;

	while (from < size) {
		uint32_t point = 0;
		size_t length = next_char((const unsigned char *)in + from, size - from, &point);
		bool replace = !length || is_unsafe(point);
		size_t add = replace ? 1 : length;

		if (to + add > TEXT_MAX)
			break;
		if (replace)
			out[to] = '?';
		else
			memcpy(out + to, in + from, length);
		to += add;
		from += length ? length : 1;
	}
	out[to] = '\0';
	return to;
}

/* Exactly COUNT digits at *TEXT, which moves on. */
static bool take_number(const char **text, unsigned count, int *value)
{
	int v = 0;

	for (unsigned i = 0; i < count; i++, (*text)++) {
		if (!isdigit((unsigned char)**text))
			return false;
		v = v * 10 + (**text - '0');
	}
	*value = v;
	return true;
}

static bool take_char(const char **text, const char *any_of)
{
	if (!**text || !strchr(any_of, **text))
		return false;
	(*text)++;
	return true;
}

static int days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

static bool take_date(const char **text, struct tm *tm)
{
	int year, month, day;

	if (!take_number(text, 4, &year) || !take_char(text, "-") || !take_number(text, 2, &month) ||
	    !take_char(text, "-") || !take_number(text, 2, &day))
		return false;
	if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
		return false;
	tm->tm_year = year - 1900;
	tm->tm_mon = month - 1;
	tm->tm_mday = day;
	return true;
}

/* A second of 60 is a leap second: RFC 3339 allows it, and timegm() carries it over. */
static bool take_time(const char **text, struct tm *tm)
{
	if (!take_number(text, 2, &tm->tm_hour) || !take_char(text, ":") || !take_number(text, 2, &tm->tm_min) ||
	    !take_char(text, ":") || !take_number(text, 2, &tm->tm_sec))
		return false;
	if (tm->tm_hour > 23 || tm->tm_min > 59 || tm->tm_sec > 60)
		return false;
	if (!take_char(text, "."))
		return true;
	if (!isdigit((unsigned char)**text))
		return false;
	while (isdigit((unsigned char)**text))
		(*text)++;
	return true;
}

/* "Z" or "+02:00", in seconds east of Greenwich. */
static bool take_offset(const char **text, int *seconds)
{
	bool west = **text == '-';
	int hours, minutes;

	*seconds = 0;
	if (take_char(text, "Zz"))
		return true;
	if (!take_char(text, "+-") || !take_number(text, 2, &hours) || !take_char(text, ":") ||
	    !take_number(text, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*seconds = (west ? -60 : 60) * (hours * 60 + minutes);
	return true;
}

int time_parse(const char *text, int64_t *seconds)
{
	struct tm tm = {0};
	int offset;

	if (!take_date(&text, &tm) || !take_char(&text, "Tt") || !take_time(&text, &tm) ||
	    !take_offset(&text, &offset) || *text)
		return -EINVAL;
	*seconds = timegm(&tm) - offset;
	return 0;
}

void time_format(int64_t seconds, char out[static TIME_TEXT])
{
	time_t t = seconds;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(out, TIME_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm))
		out[0] = '\0';
}

int duration_parse(const char *text, int64_t *seconds)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
	const char *p = text;
	int64_t value = 0;

	for (; isdigit((unsigned char)*p); p++) {
		if (p - text >= 9) /* a billion weeks still fits */
			return -EINVAL;
		value = value * 10 + (*p - '0');
	}
	if (p == text || !p[0] || p[1])
		return -EINVAL;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (*p != units[i].unit)
			continue;
		*seconds = value * units[i].seconds;
		return 0;
	}
	return -EINVAL;
}

bool clock_synchronised(void)
{
	struct timex t = {.modes = 0};

	return adjtimex(&t) >= 0 && !(t.status & STA_UNSYNC);
}
