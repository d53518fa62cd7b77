$(call library,global,$(wildcard src/global/*))
