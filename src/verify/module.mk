$(call daemon,verify,src/verify)
