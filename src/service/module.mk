$(call library,service,src/service)
