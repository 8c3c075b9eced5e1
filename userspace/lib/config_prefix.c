/* SPDX-License-Identifier: GPL-2.0-only */
/* IP addresses and prefixes of a zone: permit and gateway. One strict parser: what it takes means one thing only. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "config_internal.h"
#include "text.h"

#define WRITE_IT "write it like 10.20.0.5, 10.20.0.0/24 or 2001:db8::5"

static unsigned bits_of(uint8_t family)
{
	return family == LC_PERMIT_INET ? 32 : 128;
}

/* Whether the first BITS bits of both are the same. */
static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	return !memcmp(a, b, whole) && (!rest || !((a[whole] ^ b[whole]) >> (8 - rest)));
}

bool config_prefix_holds(const struct config_prefix *prefix, uint8_t family, const uint8_t *address)
{
	return prefix->family == family && same_bits(prefix->address, address, prefix->length);
}

void config_prefix_format(const struct config_prefix *prefix, char out[static CONFIG_PREFIX_TEXT])
{
	size_t used;

	(void)inet_ntop(prefix->family == LC_PERMIT_INET ? AF_INET : AF_INET6, prefix->address, out, CONFIG_PREFIX_TEXT);
	used = strlen(out);
	if (prefix->length < bits_of(prefix->family))
		(void)snprintf(out + used, CONFIG_PREFIX_TEXT - used, "/%u", prefix->length);
}

/* ---- What nobody can be permitted to talk to, since no single device has such an address on a network ---- */
static const struct {
	struct config_prefix prefix;
	const char *refusal;
} nobody[] = {
	{{LC_PERMIT_INET, 8, {0}}, "holds unspecified addresses (0.0.0.0/8); " WRITE_IT},
	{{LC_PERMIT_INET, 8, {127}}, "holds loopback addresses; " WRITE_IT},
	{{LC_PERMIT_INET, 4, {224}}, "holds multicast addresses; " WRITE_IT},
	{{LC_PERMIT_INET, 4, {240}}, "holds reserved addresses (240.0.0.0/4) and broadcast; " WRITE_IT},
	{{LC_PERMIT_INET6, 128, {0}}, "holds the unspecified address; " WRITE_IT},
	{{LC_PERMIT_INET6, 128, {[15] = 1}}, "holds the loopback address; " WRITE_IT},
	{{LC_PERMIT_INET6, 96, {[10] = 0xff, 0xff}}, "is an IPv4 address in IPv6 form; write the IPv4 address"},
	{{LC_PERMIT_INET6, 8, {0xff}}, "holds multicast addresses; " WRITE_IT},
};

static const char *refuse_nobody(const struct config_prefix *prefix)
{
	for (size_t i = 0; i < sizeof(nobody) / sizeof(nobody[0]); i++) {
		const struct config_prefix *other = &nobody[i].prefix;
		unsigned bits = prefix->length < other->length ? prefix->length : other->length;

		if (prefix->family == other->family && same_bits(prefix->address, other->address, bits))
			return nobody[i].refusal;
	}
	return NULL;
}

static bool has_bits_beyond(const struct config_prefix *prefix)
{
	for (unsigned bit = prefix->length; bit < bits_of(prefix->family); bit++)
		if (prefix->address[bit / 8] >> (7 - bit % 8) & 1)
			return true;
	return false;
}

/* Decimal, no sign, no leading zero, at most MOST. */
static bool parse_length(const char *text, unsigned most, uint8_t *out)
{
	unsigned length = 0;

	if (!*text || strlen(text) > 3 || (text[0] == '0' && text[1]))
		return false;
	for (; *text; text++) {
		if (!isdigit((unsigned char)*text))
			return false;
		length = length * 10 + (unsigned)(*text - '0');
	}
	*out = (uint8_t)length;
	return length <= most;
}

const char *config_prefix_parse(const char *text, struct config_prefix *out)
{
	const char *slash = strchr(text, '/');
	size_t size = slash ? (size_t)(slash - text) : strlen(text);
	char address[INET6_ADDRSTRLEN];

	memset(out, 0, sizeof(*out));
	if (size >= sizeof(address))
		return "is not an IP address; " WRITE_IT;
	memcpy(address, text, size);
	address[size] = '\0';
	out->family = strchr(address, ':') ? LC_PERMIT_INET6 : LC_PERMIT_INET;
	if (inet_pton(out->family == LC_PERMIT_INET ? AF_INET : AF_INET6, address, out->address) != 1)
		return "is not an IP address; " WRITE_IT;
	out->length = (uint8_t)bits_of(out->family);
	if (slash && !parse_length(slash + 1, bits_of(out->family), &out->length))
		return "has no prefix length that such an address can have; " WRITE_IT;
	if (has_bits_beyond(out))
		return "has bits set beyond its length; write the network's first address, or the device's alone without /";
	if (!out->length)
		return "permits everybody; name the few that devices here need, or write action: monitor";
	return refuse_nobody(out);
}

/* ---- permit and gateway ---- */
static const char *refuse_host(const struct config_prefix *prefix)
{
	return prefix->length < bits_of(prefix->family) ? "is a whole network; write the gateway's own address" : NULL;
}

static const char *refuse_more(const struct config_prefix *list, size_t n, const struct config_prefix *prefix)
{
	for (size_t i = 0; i < n; i++)
		if (!memcmp(&list[i], prefix, sizeof(*prefix)))
			return "is named twice in this list; keep one of them";
	return n == CONFIG_PREFIXES ? "is one too many for this list; write several as one prefix" : NULL;
}

static void append(struct reader *r, const struct value *v, const char *refusal, const struct config_prefix *prefix,
		   struct config_prefix **list, size_t *n)
{
	struct config_prefix *bigger;
	char shown[TEXT_MAX + 1];

	if (!refusal)
		refusal = refuse_more(*list, *n, prefix);
	bigger = realloc(*list, (*n + 1) * sizeof(*bigger));
	if (!bigger) {
		r->out_of_memory = true;
		return;
	}
	*list = bigger; /* also when refused: complained of already, and not missing */
	bigger[*n] = *prefix;
	*n += !refusal;
	(void)text_clean(v->text, strlen(v->text), shown);
	if (refusal)
		complain(&r->complaints, &v->at, "'%s' %s", shown, refusal);
}

void add_permit(struct reader *r, const struct field *f, const struct value *v, void *object)
{
	struct config_zone *zone = object;
	struct config_prefix prefix;

	(void)f;
	append(r, v, config_prefix_parse(v->text, &prefix), &prefix, &zone->permits, &zone->n_permits);
}

void add_gateway(struct reader *r, const struct field *f, const struct value *v, void *object)
{
	struct config_zone *zone = object;
	struct config_prefix prefix;
	const char *refusal = config_prefix_parse(v->text, &prefix);

	(void)f;
	append(r, v, refusal ? refusal : refuse_host(&prefix), &prefix, &zone->gateways, &zone->n_gateways);
}
