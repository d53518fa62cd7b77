/* A DNS answer from anybody. */
#include "dns/dns.h"

int	LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA, DNS_MX, DNS_TXT, DNS_SRV, DNS_TLSA, DNS_PTR, DNS_CNAME };
	struct arena arena = ARENA_INIT;
	struct dns_answer answer;

	if (size > 0)
		dns_parse(view_bytes(data + 1, size - 1), types[data[0] % 8], &arena, &answer, NULL);
	arena_fini(&arena);
	return 0;
}
