$(call library,dns,src/dns)
