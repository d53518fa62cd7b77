/* config: what cleanup reads from main.cf. */
#ifndef CLEANUP_CONFIG_H
#define CLEANUP_CONFIG_H

#include "global/config/config.h"
#include "global/rewrite/rewrite.h"

struct cleanup_config {
	struct rewrite_rules rewrite;
	const char *myhostname;
	const char *hash_queue_names;
	int hash_queue_depth;
	bool long_queue_ids;

	/* headers and content */
	const char *header_checks, *mime_header_checks, *nested_header_checks, *body_checks;
	const char *strip_characters, *reject_characters, *no_empty_line;
	int boundary_max, nesting_max;
	bool detect_8bit, to_7bit, ignore_structure, strict_8bit, strict_8bit_header, strict_8bit_body, strict_domain;
	int body_checks_size_max;
	int header_size_max, header_token_max, hopcount_max, line_length_max;
	bool add_missing_headers, replace_stray_cr_lf;
	const char *drop_headers, *undisclosed_recipients, *from_format, *full_name_charset;
	long long message_size_max;

	/* envelope */
	const char *always_bcc, *sender_bcc_maps, *recipient_bcc_maps;
	int attribute_count_max, duplicate_filter_max, delay_warning_sec;
	bool original_recipient;

	/* address mapping */
	const char *canonical_maps, *sender_canonical_maps, *recipient_canonical_maps;
	const char *canonical_classes, *sender_canonical_classes, *recipient_canonical_classes;
	const char *masquerade_domains, *masquerade_classes, *masquerade_exceptions;
	const char *virtual_alias_maps, *propagate_extensions, *recipient_delimiter, *proxy_interfaces;
	int alias_recursion_max, alias_expansion_max, alias_length_max;

	const char *bounce_service, *trace_service;
	int in_flow_delay_sec, ipc_timeout_sec;
	bool soft_bounce;
};

extern const struct binding cleanup_bindings[];

#endif
